#pragma once

#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "platform/db/migrate/migration.hpp"
#include "platform/db/testing/cluster.hpp"
#include "platform/db/testing/running.hpp"
#include "platform/jobs/jobs.hpp"
#include "platform/observe/metrics.hpp"
// clang-format off: after db.hpp, for both name a Transaction.
#include "platform/db/sync/connection.hpp"
// clang-format on

/// For tests: a queue of its own, with workers on it.
namespace townhall::jobs::testing {

using db::testing::Cluster;
using db::testing::Running;
using namespace std::chrono_literals;

inline std::string migrated(Cluster& cluster) {
    const std::string address = cluster.new_database();
    for (const auto& migration : db::migrate::embedded()) {
        if (migration.name == "foundation" || migration.name == "jobs")
            cluster.exec(std::string(migration.up), address);
    }
    return address;
}

class Queue : public ::testing::Test {
  protected:
    explicit Queue(Cluster& cluster = Cluster::shared()) : cluster_(cluster), address_(migrated(cluster)) {}

    void TearDown() override {
        for (auto& worker : workers_) db_.run(worker->stop());
    }

    Worker& work(std::vector<Kind> kinds, Worker::Options options = {}, Running* on = nullptr) {
        Running& where = on != nullptr ? *on : db_;
        std::vector<boost::asio::any_io_executor> executors{where.context(0).get_executor(),
                                                            where.context(1).get_executor()};
        workers_.push_back(std::make_unique<Worker>(*where, std::move(executors), std::move(kinds), metrics_, options));
        workers_.back()->start();
        return *workers_.back();
    }

    /// The one value that a statement gives.
    std::int64_t number(const std::string& sql) const { return db::Connection(address_).exec(sql).integer(0, 0); }
    std::string text(const std::string& sql) const {
        return std::string(db::Connection(address_).exec(sql).text(0, 0));
    }

    /// Claims one job as a worker would that is never heard of again, its lease over at once. Gives its attempt.
    std::int64_t claim_as_dead(const std::string& kind, int max_attempts = 5) const {
        return number("select sum(attempt) from core.claim_jobs('{" + kind + "}', '{1}', '{-1}', '{" +
                      std::to_string(max_attempts) +
                      "}', '{t}', array_fill('epoch'::timestamptz, '{3}'), '{0,0,0}', 'dead')");
    }

    void enqueue_many(const std::string& kind, int count) {
        cluster_.exec("insert into core.jobs (kind, payload) select '" + kind +
                          "', jsonb_build_object('n', i) from generate_series(1, " + std::to_string(count) + ") i",
                      address_);
    }

    std::optional<std::int64_t> add(NewJob job) {
        auto body = [&](db::async::Transaction& transaction) { return enqueue(transaction, job); };
        return db_.run(db_->transaction(db::Scope::owner(), body));
    }

    std::int64_t in_state(const std::string& state) const {
        return number("select count(*) from core.jobs where state = '" + state + "'");
    }

    /// Waits until it is true, at most so long.
    static bool soon(const std::function<bool()>& condition, std::chrono::milliseconds longest = 15s) {
        const auto end = std::chrono::steady_clock::now() + longest;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > end) return false;
            std::this_thread::sleep_for(5ms);
        }
        return true;
    }

    [[nodiscard]] bool measured(const std::string& line) const {
        return metrics_.render().find(line + "\n") != std::string::npos;
    }

    Cluster& cluster_;
    const std::string address_;
    observe::Metrics metrics_;
    Running db_{address_};
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace townhall::jobs::testing
