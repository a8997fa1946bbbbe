#include "platform/http/worker.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <ctime>
#include <exception>
#include <fmt/format.h>
#include <limits>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "platform/http/answer.hpp"
#include "platform/http/connection.hpp"
#include "platform/http/listener.hpp"
#include "platform/observe/log.hpp"

namespace townhall::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr int kAcceptBatch = 64;  // before the connections get their turn
constexpr auto kPauseWhenFull = 20ms;
constexpr auto kPauseWithoutFiles = 100ms;
constexpr auto kBetweenComplaints = 10s;
constexpr std::uint64_t kShareToClose = 64;  // when there is no room, a 64th of the connections makes some
constexpr auto kSweepWhileStopping = 20ms;
constexpr auto kLastHandshakes = 50ms;  // for those that have begun when the door is shut
constexpr auto kAfterDeadline = 500ms;  // for coroutines that were cut off to end

void add(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

Connection& connection_of(ConnectionLink& link) { return static_cast<Connection&>(link); }

}  // namespace

class Worker::Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

Worker::Worker(asio::io_context& context, const ServerOptions& options, std::size_t most_connections, Handler& handler)
    : context_(context),
      options_(options),
      handler_(handler),
      most_connections_(most_connections),
      acceptor_(context),
      accept_pause_(context),
      sweep_timer_(context) {}

void Worker::listen(const tcp::endpoint& endpoint) {
    try {
        listen_at(acceptor_, endpoint);
    } catch (const boost::system::system_error& error) {
        throw ListenError(error.code(),
                          fmt::format("can't listen on {}:{}", endpoint.address().to_string(), endpoint.port()));
    }
}

std::uint16_t Worker::port() const { return acceptor_.local_endpoint().port(); }

void Worker::start(std::vector<std::weak_ptr<Worker>> peers) {
    asio::post(context_, [self = shared_from_this(), peers = std::move(peers)]() mutable {
        self->peers_ = std::move(peers);
        self->spawn(self->accept_loop());
        self->spawn(self->sweep_loop());
    });
}

void Worker::spawn(Task<void> task) {
    ++tasks_;
    asio::co_spawn(context_, std::move(task), [self = shared_from_this()](const std::exception_ptr& thrown) {
        --self->tasks_;
        if (!thrown) return;
        observe::failure("a connection ended by an error", thrown);
    });
}

Task<void> Worker::accept_loop() {
    error_code ignored;
    while (!stopping_) {
        co_await acceptor_.async_wait(tcp::acceptor::wait_read, asio::redirect_error(asio::use_awaitable, ignored));
        if (stopping_) break;
        const Accepted outcome = accept_batch(most_connections_);
        if (outcome == Accepted::all || outcome == Accepted::some) continue;
        // Nothing can be accepted until something closes. Waiting for readability again would spin.
        close_oldest_idle();
        if (outcome == Accepted::out_of_files) complain_about_files();
        accept_pause_.expires_after(outcome == Accepted::full ? kPauseWhenFull : kPauseWithoutFiles);
        co_await accept_pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

Worker::Accepted Worker::accept_batch(std::size_t most_connections) {
    for (int i = 0; i < kAcceptBatch; ++i) {
        if (load() >= most_connections) return Accepted::full;
        Descriptor descriptor(::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (descriptor.get() >= 0) {
            give(std::move(descriptor));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return Accepted::all;
        } else if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO) {
            return Accepted::out_of_files;  // also ENOBUFS, ENOMEM: wait, then try again
        }
    }
    return Accepted::some;
}

void Worker::complain_about_files() {
    const auto now = clock::now();
    if (now - last_complaint_ < kBetweenComplaints) return;
    last_complaint_ = now;
    observe::warning("new connections can't be accepted: too many open files", {{"open_connections", load()}});
}

std::shared_ptr<Worker> Worker::least_loaded() {
    auto best = shared_from_this();
    if (stopping_) return best;
    for (const auto& peer : peers_) {
        auto other = peer.lock();
        if (other && other->load() < best->load()) best = std::move(other);
    }
    return best;
}

void Worker::give(Descriptor descriptor) {
    auto target = least_loaded();
    add(accepted_);
    target->open_.fetch_add(1, std::memory_order_relaxed);
    if (target.get() == this) return adopt(std::move(descriptor));
    auto& context = target->context_;
    asio::post(context, [target = std::move(target), descriptor = std::move(descriptor)]() mutable {
        target->adopt(std::move(descriptor));
    });
}

void Worker::adopt(Descriptor descriptor) {
    tcp::socket socket(context_);
    const bool v6 = options_.address.contains(':');
    error_code fault;
    socket.assign(v6 ? tcp::v6() : tcp::v4(), descriptor.get(), fault);
    if (fault) {
        open_.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    descriptor.release();
    socket.non_blocking(true, fault);
    spawn(serve(std::move(socket)));
}

Task<void> Worker::serve(tcp::socket socket) {
    struct Counted {
        Worker& worker;
        ~Counted() { worker.open_.fetch_sub(1, std::memory_order_relaxed); }
    };
    const auto self = shared_from_this();
    const Counted counted{*this};
    Connection connection(*this, std::move(socket));
    connections_.push_back(connection);
    co_await connection.run();
}

void Worker::close_oldest_idle() {
    std::vector<Connection*> idle;
    for (auto& link : connections_) {
        if (connection_of(link).is_idle()) idle.push_back(&connection_of(link));
    }
    // By how long they wait, not by their deadlines: a newcomer's comes sooner than that of one long served.
    const auto count = std::min(idle.size(), std::max(load() / kShareToClose, std::uint64_t{1}));
    std::ranges::nth_element(idle, idle.begin() + static_cast<std::ptrdiff_t>(count), {}, &Connection::waiting_from);
    for (std::size_t i = 0; i < count; ++i) idle[i]->expire();
}

Task<void> Worker::sweep_loop() {
    error_code ignored;
    while (!stopping_ || load() > 0) {
        sweep_timer_.expires_after(stopping_ ? std::min<clock::duration>(kSweepWhileStopping, options_.timeouts.sweep)
                                             : options_.timeouts.sweep);
        co_await sweep_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        sweep(clock::now());
    }
}

void Worker::sweep(clock::time_point now) {
    const bool over = now >= stop_deadline_;
    for (auto& link : connections_) {
        Connection& connection = connection_of(link);
        if (over) {
            connection.cut_off();
        } else if (now >= connection.deadline()) {
            connection.expire();
            add(expired_);
        }
    }
}

void Worker::begin_stop(clock::time_point deadline) {
    if (stopping_) return;
    stopping_ = true;
    stop_deadline_ = deadline;
    spawn(close_listener());
    accept_pause_.cancel();
    sweep_timer_.cancel();
    const auto last = clock::now() + options_.timeouts.last_requests;
    for (auto& link : connections_) connection_of(link).finish_by(last);
}

// Closing a listener resets the connections that wait in its queue, and one may arrive between the last look and the
// close. So the door is shut first, and then whoever is behind it is let in.
Task<void> Worker::close_listener() {
    ignore_newcomers(acceptor_.native_handle());
    asio::steady_timer pause(context_);
    error_code ignored;
    pause.expires_after(kLastHandshakes);
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    Accepted outcome = Accepted::some;
    while (outcome == Accepted::some) outcome = accept_batch(std::numeric_limits<std::size_t>::max());
    acceptor_.close(ignored);
}

Task<void> Worker::ended() {
    asio::steady_timer pause(context_);
    error_code ignored;
    const auto over = [this] {
        return stopping_ && ((tasks_ == 0 && load() == 0) || clock::now() >= stop_deadline_ + kAfterDeadline);
    };
    while (!over()) {
        pause.expires_after(5ms);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

std::string_view Worker::date() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != date_second_) {
        date_second_ = now.tv_sec;
        date_ = imf_fixdate(date_second_);
    }
    return date_;
}

void Worker::count_answer(const observe::AnswerKind& answer, std::chrono::nanoseconds took, std::uint64_t bytes_in,
                          std::uint64_t bytes_out) {
    add(requests_[static_cast<std::size_t>(std::clamp(answer.status / 100, 1, 5))]);
    answered_.count(answer, took);
    add(bytes_in_, bytes_in);
    add(bytes_out_, bytes_out);
}

void Worker::add_to(ServerStats& stats) const {
    constexpr auto relaxed = std::memory_order_relaxed;
    stats.open_connections += open_.load(relaxed);
    stats.accepted += accepted_.load(relaxed);
    stats.expired += expired_.load(relaxed);
    stats.bytes_in += bytes_in_.load(relaxed);
    stats.bytes_out += bytes_out_.load(relaxed);
    for (std::size_t i = 0; i < requests_.size(); ++i) stats.requests[i] += requests_[i].load(relaxed);
}

}  // namespace townhall::http
