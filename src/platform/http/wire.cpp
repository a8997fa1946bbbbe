#include "platform/http/wire.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace townhall::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kSmallRead = 2 * 1024;
constexpr std::size_t kMostKeptForOutput = 64 * 1024;

}  // namespace

Wire::Wire(asio::ip::tcp::socket socket, std::size_t most_buffered) : socket_(std::move(socket)), in_(most_buffered) {}

std::string_view Wire::held() const {
    const auto bytes = in_.cdata();
    return {static_cast<const char*>(bytes.data()), bytes.size()};
}

Task<bool> Wire::receive() {
    const std::size_t room = std::min(in_.max_size() - in_.size(), std::max(kSmallRead, in_.size()));
    if (room == 0 || broken_ || expired_) co_return false;
    error_code fault;
    const std::size_t count =
        co_await socket_.async_read_some(in_.prepare(room), asio::redirect_error(asio::use_awaitable, fault));
    in_.commit(count);
    bytes_in_ += count;
    if (fault && !expired_) broken_ = true;
    co_return count > 0;
}

Task<std::size_t> Wire::receive(std::span<char> into) {
    if (broken_ || expired_) co_return 0;
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

bool Wire::flush_now() {
    if (broken_) return false;
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
        error_code fault;
        sent(parts, co_await socket_.async_write_some(parts, asio::redirect_error(asio::use_awaitable, fault)));
        deadline = otherwise;
        pace.add(clock::now() - from, sent_ - before);
        if (fault) broken_ = true;
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
    error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void Wire::close() {
    broken_ = true;
    error_code ignored;
    socket_.close(ignored);
}

bool Wire::has_unread() {
    error_code ignored;
    return in_.size() > 0 || socket_.available(ignored) > 0;
}

std::string Wire::remote_address() const {
    error_code fault;
    const auto endpoint = socket_.remote_endpoint(fault);
    if (fault) return "-";
    const auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    }
    return address.to_string();
}

}  // namespace townhall::http
