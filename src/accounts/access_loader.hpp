#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

#include "platform/db/db.hpp"
#include "platform/guard/snapshot.hpp"
#include "platform/task.hpp"

namespace townhall::accounts {

/// Keeps the snapshot of who may do what: loads it when the database notifies of a change and every two seconds, and
/// clears away what has expired. Its loop runs on the given context, which must be the database's first (notifications
/// arrive there) and be run by one thread.
class AccessLoader {
  public:
    /// `token_lifetime`: for how long an access token of a revoked session may still be alive.
    AccessLoader(boost::asio::io_context& context, db::Database& database, guard::SnapshotHolder& snapshots,
                 std::chrono::seconds token_lifetime);
    ~AccessLoader();
    AccessLoader(const AccessLoader&) = delete;
    AccessLoader& operator=(const AccessLoader&) = delete;

    /// Call once, after the migrations have run.
    void start();
    /// Ends the loop; returns when it has ended. From any executor.
    Task<void> stop();

    /// Loads now, on the caller's executor: for whoever has just changed an account, so that its own next request finds
    /// the change. Never fails: what can't be loaded now is loaded by the loop, or grows too old to let anyone in.
    Task<void> reload();

    [[nodiscard]] const guard::SnapshotHolder& snapshots() const { return snapshots_; }

  private:
    Task<void> run();
    Task<void> load();
    Task<bool> try_load();
    void wake();

    boost::asio::io_context& context_;
    db::Database& database_;
    guard::SnapshotHolder& snapshots_;
    std::chrono::seconds token_lifetime_;
    boost::asio::steady_timer due_;    // the next load; touched on the context's thread only, as the flags below
    boost::asio::steady_timer ended_;  // expires when the loop has ended
    bool notified_ = false;
    bool stopping_ = false;
    bool running_ = false;
    bool failing_ = false;
};

}  // namespace townhall::accounts
