#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <string>
#include <thread>

#include "app/configuration.hpp"
#include "app/secrets.hpp"
#include "campaign/imports/imports.hpp"
#include "platform/db/db.hpp"
#include "platform/guard/seal.hpp"
#include "platform/jobs/jobs.hpp"
#include "platform/mail/development_mailbox.hpp"
#include "platform/mail/render.hpp"
#include "platform/observe/clock.hpp"
#include "platform/observe/cpu_pool.hpp"
#include "platform/observe/metrics.hpp"
#include "platform/storage/local_store.hpp"

namespace townhall::app {

/// Everything that works on jobs, within `serve` or as `townhall worker`: on a thread and on connections of its own, so
/// that requests share neither their cores' loops nor their commits with it.
class Background {
  public:
    struct Options {
        bool work = true;  // off: jobs are left to other processes, who are told of them
        int nice = 0;      // of the thread: how far it stands back behind others of this machine
    };
    /// `conninfo`: of a migrated database. Throws what can't be opened. Everything given must outlive it.
    Background(const Configuration& configuration, const Secrets& secrets, const std::string& conninfo,
               observe::Metrics& metrics, Options options);
    /// After `stop`, or unstarted.
    ~Background();
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;

    void start();
    /// Lets running jobs end and records how. From any executor.
    Task<void> stop();

    [[nodiscard]] jobs::Worker& worker() { return worker_; }
    [[nodiscard]] db::Database& database() { return db_; }
    [[nodiscard]] storage::ObjectStore& store() { return store_; }
    [[nodiscard]] const observe::CpuPool& cpu() const { return cpu_; }

  private:
    Task<void> stop_all();

    const Options options_;
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{context_.get_executor()};
    observe::SystemClock clock_;
    observe::CpuPool cpu_;
    guard::SignKey links_;
    db::Database db_;
    storage::LocalStore store_;
    mail::Templates templates_;
    mail::DevelopmentMailbox mailer_;
    campaign::ImportRunner imports_;
    jobs::Worker worker_;
    std::thread thread_;
};

}  // namespace townhall::app
