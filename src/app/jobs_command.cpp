#include <fmt/format.h>
#include <functional>
#include <limits>
#include <thread>
#include <vector>

#include "app/commands.hpp"
#include "app/database.hpp"
#include "platform/db/sync/connection.hpp"
#include "platform/db/sync/errors.hpp"
#include "platform/jobs/admin.hpp"

namespace townhall::app {

namespace {

constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

/// Workers of running processes look at once.
void wake_workers(db::Connection& connection) { connection.exec("select pg_notify('townhall_jobs', '')"); }

std::string_view text_or(const db::Result& rows, int row, int column, std::string_view otherwise) {
    return rows.value(row, column).value_or(otherwise);
}

/// Calls `act` with each of the dead letters that were chosen: by their ids, or all of a kind, or all.
void each_chosen(db::Connection& connection, const ChosenJobs& chosen, const std::function<void(std::int64_t)>& act) {
    for (const std::int64_t id : chosen.ids) act(id);
    if (!chosen.all && !chosen.kind) return;
    for (std::int64_t below = kEnd;;) {
        const auto rows = connection.query(jobs::kList.sql, "dead", chosen.kind, below, 1'000);
        if (rows.rows() == 0) return;
        for (int i = 0; i < rows.rows(); ++i) act(rows.integer(i, 0));
        below = rows.integer(rows.rows() - 1, 0);
    }
}

}  // namespace

int list_jobs(const Configuration& configuration, const ListedJobs& listed) {
    const OpenDatabase database(configuration, true);
    db::Connection connection(database.conninfo());
    const auto rows = connection.query(jobs::kList.sql, listed.state, listed.kind, kEnd, listed.limit);
    for (int i = 0; i < rows.rows(); ++i) {
        fmt::print("{:>10}  {:<24}  attempt {} of {}  {}  {}  {}\n", rows.integer(i, 0), rows.text(i, 1),
                   rows.integer(i, 4), text_or(rows, i, 5, "?"), text_or(rows, i, 11, rows.text(i, 10)),
                   text_or(rows, i, 2, "-"), text_or(rows, i, 8, "-"));
    }
    if (rows.rows() == 0) fmt::print("no job is {}\n", listed.state);
    return 0;
}

int show_job(const Configuration& configuration, std::int64_t id) {
    const OpenDatabase database(configuration, true);
    db::Connection connection(database.conninfo());
    const auto rows = connection.query(jobs::kShow.sql, id);
    if (rows.rows() == 0) throw std::runtime_error(fmt::format("there is no job {}", id));
    constexpr const char* kNames[] = {"id",        "kind",  "subject", "state", "attempt",  "max_attempts", "lost",
                                      "locked_by", "error", "made",    "run",   "finished", "payload"};
    for (int i = 0; i < static_cast<int>(std::size(kNames)); ++i)
        fmt::print("{:<13} {}\n", kNames[i], text_or(rows, 0, i, "-"));
    return 0;
}

int replay_jobs(const Configuration& configuration, const ChosenJobs& chosen) {
    const OpenDatabase database(configuration, true);
    db::Connection connection(database.conninfo());
    int replayed = 0, left = 0;
    each_chosen(connection, chosen, [&](std::int64_t id) {
        try {
            if (connection.query(jobs::kReplayOne.sql, id).rows() == 1)
                ++replayed;
            else
                fmt::print(stderr, "{}: no dead letter\n", id), ++left;
        } catch (const db::SqlError& refused) {
            if (refused.sqlstate() != "23505") throw;
            fmt::print(stderr, "{}: the same job is to be done already\n", id), ++left;
        }
    });
    if (replayed > 0) wake_workers(connection);
    fmt::print("{} replayed\n", replayed);
    return left == 0 ? 0 : 1;
}

int discard_jobs(const Configuration& configuration, const ChosenJobs& chosen) {
    const OpenDatabase database(configuration, true);
    db::Connection connection(database.conninfo());
    int discarded = 0, left = 0;
    each_chosen(connection, chosen, [&](std::int64_t id) {
        if (connection.query(jobs::kDiscard.sql, id).affected() == 1)
            ++discarded;
        else
            fmt::print(stderr, "{}: no dead letter\n", id), ++left;
    });
    fmt::print("{} discarded\n", discarded);
    return left == 0 ? 0 : 1;
}

int probe_jobs(const Configuration& configuration, const Probes& probes) {
    const OpenDatabase database(configuration, true);
    db::Connection connection(database.conninfo());
    const auto begun = std::chrono::steady_clock::now();
    connection.query(jobs::kAddProbes.sql, probes.count);
    wake_workers(connection);
    if (probes.wait.count() == 0) {
        fmt::print("{} enqueued\n", probes.count);
        return 0;
    }
    for (;;) {
        const auto left = connection.query(
            "select (select count(*) from core.jobs where state = 'ready' and kind = $1)"
            " + (select count(*) from core.jobs where state = 'running' and kind = $1)",
            jobs::kProbe);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
        if (left.integer(0, 0) == 0) {
            fmt::print("{} done in {:.2f} s\n", probes.count, took.count());
            return 0;
        }
        if (took > probes.wait) {
            fmt::print(stderr, "townhall: after {} s, {} are still to be done\n", probes.wait.count(),
                       left.integer(0, 0));
            return 1;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

}  // namespace townhall::app
