#include "platform/db/core.hpp"

#include <fmt/format.h>

namespace townhall::db {
namespace {

/// Sent with the start of the connection: no round trip, and no pooled connection can lose it.
WireSettings wire(const Options& options, Identity identity, std::chrono::milliseconds statement_timeout,
                  std::chrono::milliseconds lock_timeout) {
    WireSettings settings{.conninfo = options.conninfo,
                          .application_name = options.application_name,
                          .session = {},
                          .connect_timeout = options.connect_timeout};
    settings.session = fmt::format(
        "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=iso_8601 -c bytea_output=hex -c extra_float_digits=1 "
        "-c client_min_messages=error -c statement_timeout={} -c lock_timeout={} "
        "-c idle_in_transaction_session_timeout={}",
        statement_timeout.count(), lock_timeout.count(), options.idle_in_transaction_timeout.count());
    if (identity == Identity::app) settings.session += " -c role=" + options.app_role;
    return settings;
}

LaneSettings lane(const Options& options, Identity identity, Mode mode, int core) {
    LaneSettings settings{.name = fmt::format("{} {} {}", identity == Identity::owner ? "owner" : "app",
                                              mode == Mode::read ? "read" : "write", core),
                          .mode = mode,
                          .wire = wire(options, identity, options.lane_statement_timeout, options.lane_lock_timeout),
                          .named_statements = options.named_statements,
                          .batch = mode == Mode::read ? options.read_group : options.write_batch,
                          .in_flight = mode == Mode::read ? options.read_groups : 1,
                          .queue = options.lane_queue,
                          .reconnect_wait = options.reconnect_wait,
                          .silence = options.lane_silence};
    settings.wire.session += " -c jit=off";
    if (mode == Mode::read) settings.wire.session += " -c default_transaction_read_only=on";
    return settings;
}

std::size_t lane_index(bool app, Mode mode) { return (app ? 2U : 0U) + (mode == Mode::write ? 1U : 0U); }

}  // namespace

WireSettings pool_wire(const Options& options, Identity identity) {
    return wire(options, identity, options.pool_statement_timeout, options.pool_lock_timeout);
}

Core::Core(asio::io_context& context, int index, const Options& options, QueryRegistry& registry)
    : context_(context),
      index_(static_cast<std::size_t>(index)),
      writes_(index < options.write_lanes),
      counters_(registry),
      pool_(std::make_shared<Pool>(
          context, PoolSettings{.counters = counters_,
                                .owner = pool_wire(options, Identity::owner),
                                .app = pool_wire(options, Identity::app),
                                .size = options.pool_size,
                                .named_statements = options.named_statements,
                                .wait = options.pool_wait,
                                .patience = options.pool_statement_timeout + std::chrono::seconds(1)})) {
    for (const Identity identity : {Identity::owner, Identity::app}) {
        for (const Mode mode : {Mode::read, Mode::write}) {
            lanes_[lane_index(identity == Identity::app, mode)] =
                std::make_shared<Lane>(context, lane(options, identity, mode, index),
                                       [pool = pool_](OpPtr op) { pool->adopt(std::move(op)); });
        }
    }
}

void Core::submit(OpPtr op) {
    op->counters = &counters_.of(op->statement.name);
    Lane& lane = *lanes_[lane_index(op->campaign.has_value(), op->statement.mode)];
    lane.submit(std::move(op));
}

void Core::connect() const {
    // Campaign connections come with their first use: before the first migration their role does not exist.
    lanes_[lane_index(false, Mode::read)]->connect();
    if (writes_) lanes_[lane_index(false, Mode::write)]->connect();
}

Task<void> Core::stop(std::chrono::milliseconds patience) const {
    const auto deadline = Op::Clock::now() + patience;
    for (const auto& lane : lanes_) {
        const auto left = deadline - Op::Clock::now();
        co_await lane->stop(std::chrono::duration_cast<std::chrono::milliseconds>(left));
    }
    co_await pool_->stop(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Op::Clock::now()));
}

}  // namespace townhall::db
