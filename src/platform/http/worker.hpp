#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/server.hpp"
#include "platform/observe/request_counters.hpp"

namespace townhall::http {

class Connection;

/// Makes a connection a member of its worker's list, until it dies.
struct ConnectionLink : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {};

/// What one thread serves: its listener, its connections, the sweep over their deadlines, its counters.
///
/// After `start` everything but `load` and `add_to` is for the context's own thread. Coroutines share the ownership, so
/// that a context destroyed with some of them suspended finds everything they refer to.
class Worker : public std::enable_shared_from_this<Worker> {
  public:
    using clock = std::chrono::steady_clock;

    Worker(boost::asio::io_context& context, const ServerOptions& options, std::size_t most_connections,
           Handler& handler);

    /// Binds and listens; any free port for port 0. Throws `ListenError`.
    void listen(const boost::asio::ip::tcp::endpoint& endpoint);
    [[nodiscard]] std::uint16_t port() const;

    /// Starts to accept. New connections go to whichever of `peers` has clearly fewer: the kernel spreads them by hash
    /// alone, and with few clients unevenly.
    void start(std::vector<std::weak_ptr<Worker>> peers);

    /// Drains the accept queue, stops listening, and tells every connection to finish.
    void begin_stop(clock::time_point deadline);

    /// Returns when nothing is left here, or soon after the deadline.
    Task<void> ended();

    [[nodiscard]] boost::asio::io_context& context() const { return context_; }

    [[nodiscard]] std::uint64_t load() const { return open_.load(std::memory_order_relaxed); }
    void add_to(ServerStats& stats) const;
    void add_to(observe::RequestTotals& totals) const { answered_.add_to(totals); }

    // -- for connections
    [[nodiscard]] const ServerOptions& options() const { return options_; }
    [[nodiscard]] Handler& handler() const { return handler_; }
    [[nodiscard]] bool stopping() const { return stopping_; }
    [[nodiscard]] std::string_view date();
    void count_answer(const observe::AnswerKind& answer, std::chrono::nanoseconds took, std::uint64_t bytes_in,
                      std::uint64_t bytes_out);

  private:
    enum class Accepted : std::uint8_t { all, some, full, out_of_files };

    /// An accepted socket that no connection owns yet.
    class Descriptor;

    Task<void> accept_loop();
    Task<void> sweep_loop();
    Task<void> serve(boost::asio::ip::tcp::socket socket);
    [[nodiscard]] Accepted accept_batch(std::size_t most_connections);
    void complain_about_files();
    void give(Descriptor descriptor);
    void adopt(Descriptor descriptor);
    [[nodiscard]] std::shared_ptr<Worker> least_loaded();
    void close_oldest_idle();
    void sweep(clock::time_point now);
    Task<void> close_listener();
    void spawn(Task<void> task);

    boost::asio::io_context& context_;
    const ServerOptions options_;
    Handler& handler_;
    const std::size_t most_connections_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer accept_pause_;
    boost::asio::steady_timer sweep_timer_;
    boost::intrusive::list<ConnectionLink, boost::intrusive::constant_time_size<false>> connections_;
    std::vector<std::weak_ptr<Worker>> peers_;
    std::size_t tasks_ = 0;
    bool stopping_ = false;
    clock::time_point stop_deadline_ = clock::time_point::max();
    clock::time_point last_complaint_{};
    std::int64_t date_second_ = -1;
    std::string date_;

    // Read by any thread; written by this one, `open_` also by peers that give a connection away.
    std::atomic<std::uint64_t> open_{0};
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<std::uint64_t> expired_{0};
    std::atomic<std::uint64_t> bytes_in_{0};
    std::atomic<std::uint64_t> bytes_out_{0};
    std::array<std::atomic<std::uint64_t>, 6> requests_{};
    observe::RequestCounters answered_;
};

}  // namespace townhall::http
