#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/db/batch.hpp"
#include "platform/db/op.hpp"
#include "platform/db/stats.hpp"
#include "platform/db/wire.hpp"

namespace townhall::db {

struct LaneSettings {
    std::string name;
    Mode mode = Mode::read;
    WireSettings wire;
    bool named_statements = true;
    std::size_t batch = 1;      ///< most statements of one batch or group
    std::size_t in_flight = 1;  ///< most batches at the server at once
    std::size_t queue = 1;      ///< most statements that wait
    std::chrono::milliseconds reconnect_wait{1'000};
    std::chrono::milliseconds silence{4'000};
};

/// One pipelined connection that many requests share.
///
/// Statements that arrive in one turn of the event loop leave together, closed by one Sync. A write lane has one batch
/// at the server while the next gathers, and answers nobody before its Sync: until then nothing is committed. A read
/// lane has several groups under way, and answers each statement as its rows come. Used on its context's thread only.
class Lane : public std::enable_shared_from_this<Lane> {
  public:
    /// Runs a statement that has to wait for a lock, in the pool; it completes the op.
    using Elsewhere = std::function<void(OpPtr)>;

    Lane(asio::io_context& context, LaneSettings settings, Elsewhere elsewhere);

    void submit(OpPtr op);
    /// Begins to connect, if it hasn't.
    void connect();
    /// Refuses what comes, waits for what is under way, closes.
    Task<void> stop(std::chrono::milliseconds patience);

    /// From any thread.
    [[nodiscard]] LaneStats stats() const;

  private:
    struct Flight {
        Batch batch;
        BatchFailure failure;
        bool failed = false;
    };
    enum class Step : std::uint8_t { setting, prepare, statement, sync };
    struct Expected {
        Step step;
        int index;  // in the batch
    };
    struct Counters {
        std::atomic<bool> connected{false};
        std::atomic<std::uint64_t> batches{0};
        std::atomic<std::uint64_t> statements{0};
        std::atomic<std::uint64_t> again{0};
        std::atomic<std::uint64_t> reconnects{0};
        std::array<std::atomic<std::uint64_t>, LaneStats::kBuckets> sizes{};
    };
    /// Statements whose fate is decided, kept until the lane's own state is sound: answering runs strangers' code.
    struct Answered {
        OpPtr op;
        std::exception_ptr error;
    };

    Task<void> run();
    Task<void> serve();
    Task<void> pause(std::chrono::milliseconds time);
    void watch_silence();
    void watch_queue();
    void expire_queue();
    void lost();

    void schedule();
    void send_batches();
    [[nodiscard]] Batch next_batch();
    bool send(Batch batch);
    bool send_fence(const Op& op, int index);
    bool send_statement(const Op& op, int index);
    void count(std::size_t size);

    bool take_results();
    void take_result(const Expected& expected, Answer answer);
    void land();
    void land_reads(Flight flight);
    void land_writes(Flight flight);
    void answer(OpPtr op, std::exception_ptr error);
    void deliver();

    asio::io_context& context_;
    LaneSettings settings_;
    Elsewhere elsewhere_;
    std::shared_ptr<Wire> wire_;
    asio::steady_timer pause_timer_;
    asio::steady_timer silence_timer_;
    asio::steady_timer queue_timer_;

    std::deque<OpPtr> pending_;
    std::deque<Batch> again_;
    std::deque<Flight> flights_;
    std::deque<Expected> expected_;
    std::vector<Answered> answered_;
    std::vector<const char*> values_;  // scratch
    Op::Clock::time_point heard_{};
    int silences_ = 0;
    bool running_ = false;
    bool connected_ = false;
    bool scheduled_ = false;
    bool watching_queue_ = false;
    bool broken_ = false;
    bool stopping_ = false;
    bool failed_before_ = false;
    Counters counters_;
};

}  // namespace townhall::db
