#include "platform/http/wire.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace townhall::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kSmallRead = 2 * 1024;
constexpr std::size_t kMostKeptForOutput = 64 * 1024;
constexpr std::size_t kMostInTurn = 256 * 1024;

}  // namespace

Wire::Wire(asio::ip::tcp::socket socket, std::size_t most_buffered)
    : socket_(std::move(socket)), receiver_(socket_), in_(most_buffered) {}

std::string_view Wire::held() const {
    const auto bytes = in_.cdata();
    return {static_cast<const char*>(bytes.data()), bytes.size()};
}

// Waits until the last operation of the session can be tried again. False: never.
Task<bool> Wire::wait_for_tls() {
    using Outcome = TlsSession::Outcome;
    if (tls_state_ == Outcome::ended || tls_state_ == Outcome::failed) {
        broken_ = true;
        co_return false;
    }
    const auto what =
        tls_state_ == Outcome::wants_write ? asio::ip::tcp::socket::wait_write : asio::ip::tcp::socket::wait_read;
    error_code fault;
    co_await socket_.async_wait(what, asio::redirect_error(asio::use_awaitable, fault));
    if (fault && !expired_) broken_ = true;
    co_return !broken_ && !expired_;
}

Task<bool> Wire::shake_hands(const Tls& tls) {
    tls_ = tls.session(socket_.native_handle());
    while (!broken_ && !expired_) {
        tls_state_ = tls_.shake_hands().outcome;
        if (tls_state_ == TlsSession::Outcome::done) co_return true;
        if (!co_await wait_for_tls()) break;
    }
    co_return false;
}

Task<std::size_t> Wire::unseal(std::span<char> into) {
    while (!broken_ && !expired_) {
        const auto step = tls_.read(into);
        tls_state_ = step.outcome;
        if (step.outcome == TlsSession::Outcome::done) {
            bytes_in_ += step.bytes;
            // What has arrived is read without waiting: whoever sends fast enough would keep the thread.
            unsealed_in_turn_ += step.bytes;
            if (unsealed_in_turn_ > kMostInTurn) {
                unsealed_in_turn_ = 0;
                co_await asio::post(asio::use_awaitable);
            }
            co_return step.bytes;
        }
        unsealed_in_turn_ = 0;
        if (!co_await wait_for_tls()) break;
    }
    co_return 0;
}

Task<bool> Wire::receive() {
    const std::size_t room = std::min(in_.max_size() - in_.size(), std::max(kSmallRead, in_.size()));
    if (room == 0 || broken_ || expired_) co_return false;
    if (tls_) {
        const auto free = in_.prepare(room);
        const std::size_t count = co_await unseal({static_cast<char*>(free.data()), free.size()});
        in_.commit(count);
        co_return count > 0;
    }
    error_code fault;
    const std::size_t count = co_await receiver_.some(in_.prepare(room), fault);
    in_.commit(count);
    bytes_in_ += count;
    if (fault && !expired_) broken_ = true;
    co_return count > 0;
}

Task<std::size_t> Wire::receive(std::span<char> into) {
    if (broken_ || expired_) co_return 0;
    if (tls_) co_return co_await unseal(into);
    error_code fault;
    const std::size_t count = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()),
                                                               asio::redirect_error(asio::use_awaitable, fault));
    bytes_in_ += count;
    if (fault && !expired_) broken_ = true;
    co_return count;
}

void Wire::rest() {
    if (in_.size() == 0 && in_.capacity() > kSmallRead) in_.shrink_to_fit();
    if (out.empty() && out.capacity() > kMostKeptForOutput) out.shrink_to_fit();
}

void Wire::sent(Parts& parts, std::size_t count) {
    sent_ += count;
    for (auto& part : parts) {
        const std::size_t taken = std::min(count, part.size());
        part += taken;
        count -= taken;
    }
}

// Sends without waiting, until all is gone (true) or the socket is full or broken (false).
bool Wire::write_some(Parts& parts) {
    if (tls_) return seal_some(parts);
    while (asio::buffer_size(parts) > 0) {
        error_code fault;
        sent(parts, socket_.write_some(parts, fault));
        if (fault == asio::error::would_block || fault == asio::error::try_again) return false;
        if (fault) {
            broken_ = true;
            return false;
        }
    }
    return true;
}

// The same through TLS, a record for each part.
bool Wire::seal_some(Parts& parts) {
    for (auto& part : parts) {
        while (part.size() > 0 && !broken_) {
            const auto step = tls_.write({static_cast<const char*>(part.data()), part.size()});
            tls_state_ = step.outcome;
            if (step.outcome == TlsSession::Outcome::failed || step.outcome == TlsSession::Outcome::ended) {
                broken_ = true;
            }
            if (step.outcome != TlsSession::Outcome::done) return false;
            sent_ += step.bytes;
            part += step.bytes;
        }
    }
    return !broken_;
}

bool Wire::flush_now() {
    if (broken_) return false;
    if (tls_) {
        Parts parts{asio::buffer(out)};
        const bool all = seal_some(parts);
        out.erase(0, out.size() - parts.front().size());
        return all;
    }
    error_code fault;  // one plain buffer: cheaper than gathering
    const std::size_t count = socket_.write_some(asio::buffer(out), fault);
    sent_ += count;
    if (fault && fault != asio::error::would_block && fault != asio::error::try_again) broken_ = true;
    if (count == out.size()) {
        out.clear();
        return true;
    }
    out.erase(0, count);
    return false;
}

Task<bool> Wire::send(std::string_view body, std::string_view after, Pace& pace) {
    if (broken_) co_return false;
    Parts parts{asio::buffer(out), asio::buffer(body), asio::buffer(after)};
    const auto otherwise = deadline;
    while (!write_some(parts) && !broken_ && !expired_) {
        const auto from = clock::now();
        const std::uint64_t before = sent_;
        deadline = pace.deadline(from);
        if (tls_) {
            if (co_await wait_for_tls()) seal_some(parts);
        } else {
            error_code fault;
            sent(parts, co_await socket_.async_write_some(parts, asio::redirect_error(asio::use_awaitable, fault)));
            if (fault) broken_ = true;
        }
        deadline = otherwise;
        pace.add(clock::now() - from, sent_ - before);
    }
    if (asio::buffer_size(parts) > 0) broken_ = true;
    out.clear();
    co_return !broken_;
}

void Wire::expire() {
    expired_ = true;
    deadline = clock::time_point::max();
    error_code ignored;
    socket_.cancel(ignored);
}

void Wire::shut_down_sending() {
    say_end();
    error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void Wire::say_end() {
    if (tls_ && !broken_) tls_.finish();
}

void Wire::close() {
    broken_ = true;
    error_code ignored;
    socket_.close(ignored);
}

bool Wire::has_unread() {
    error_code ignored;
    return in_.size() > 0 || (tls_ && tls_.holds_bytes()) || socket_.available(ignored) > 0;
}

asio::ip::address Wire::remote_address() const {
    error_code fault;
    const auto endpoint = socket_.remote_endpoint(fault);
    if (fault) return {};
    const auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    return address;
}

}  // namespace townhall::http
