#include "platform/http/body.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace townhall::http {
namespace {

constexpr std::size_t kCopied = 16 * 1024;  // shorter pieces are copied behind what is held back, longer ones gathered

}  // namespace

IncomingBody::IncomingBody(Wire& wire, const Framing& framing, const ServerOptions& options)
    : wire_(wire),
      framing_(framing),
      limit_(options.limits.body_bytes),
      skippable_(options.limits.unread_body_bytes),
      pace_(options.timeouts) {}

void IncomingBody::fail(int status, const char* why) { throw BodyError(failed_.emplace(status, why)); }

void IncomingBody::set_limit(std::uint64_t bytes) {
    limit_ = bytes;
    if (framing_.length.value_or(0) > limit_) fail(413, "The body is too large.");
}

bool IncomingBody::finished() const {
    return framing_.chunked ? chunks_.finished() : bytes_ == framing_.length.value_or(0);
}

bool IncomingBody::can_skip() const {
    if (finished()) return true;
    if (failed_) return false;
    // A client that still waits for "100 Continue" may send the body or not: nobody knows what its next byte means.
    if (framing_.expects_continue && !begun_) return false;
    return !framing_.chunked && *framing_.length - bytes_ <= skippable_;
}

Task<bool> IncomingBody::skip() {
    begun_ = true;
    limit_ = std::numeric_limits<std::uint64_t>::max();
    std::array<char, 4096> away;
    try {
        while (co_await read(away) > 0) {
        }
    } catch (const BodyError&) {
        co_return false;
    }
    co_return true;
}

Task<std::size_t> IncomingBody::read(std::span<char> buffer) {
    if (failed_) throw BodyError(*failed_);
    if (!begun_) co_await begin();
    if (finished() || buffer.empty()) co_return 0;
    if (framing_.chunked) co_return co_await read_chunked(buffer);
    co_return co_await read_sized(buffer);
}

Task<void> IncomingBody::begin() {
    begun_ = true;
    if (framing_.length.value_or(0) > limit_) fail(413, "The body is too large.");
    if (!framing_.expects_continue || !wire_.held().empty()) co_return;
    wire_.out += "HTTP/1.1 100 Continue\r\n\r\n";
    waits_ = true;
    const bool told = co_await wire_.flush(pace_);
    waits_ = false;
    if (!told) fail(400, "The client is gone.");
}

// Waits for bytes, into `buffer` or behind what is held when `buffer` is empty.
Task<std::size_t> IncomingBody::wait(std::span<char> buffer) {
    const auto from = Pace::clock::now();
    const auto request_deadline = wire_.deadline;
    wire_.deadline = std::min(request_deadline, pace_.deadline(from));
    std::size_t count = 0;
    waits_ = true;
    if (buffer.empty()) {
        const std::size_t before = wire_.held().size();
        co_await wire_.receive();
        count = wire_.held().size() - before;
    } else {
        count = co_await wire_.receive(buffer);
    }
    waits_ = false;
    if (!wire_.expired()) wire_.deadline = request_deadline;
    pace_.add(Pace::clock::now() - from, count);
    if (count == 0 && wire_.expired()) fail(408, "The body came too slowly.");
    if (count == 0) fail(400, "The body ended early.");
    co_return count;
}

void IncomingBody::count(std::size_t bytes) {
    bytes_ += bytes;
    if (bytes_ > limit_) fail(413, "The body is too large.");
}

Task<std::size_t> IncomingBody::read_sized(std::span<char> buffer) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), *framing_.length - bytes_));
    std::size_t got = std::min(wanted, wire_.held().size());
    if (got > 0) {
        std::memcpy(buffer.data(), wire_.held().data(), got);
        wire_.use(got);
    } else {
        got = co_await wait(buffer.first(wanted));
    }
    count(got);
    co_return got;
}

Task<std::size_t> IncomingBody::read_chunked(std::span<char> buffer) {
    for (;;) {
        const auto step = chunks_.decode(wire_.held(), buffer);
        wire_.use(step.consumed);
        count(step.produced);
        if (chunks_.fault() != nullptr) fail(400, chunks_.fault());
        if (chunks_.data_left() > limit_ - bytes_) fail(413, "The body is too large.");
        if (step.produced > 0) co_return step.produced;
        if (chunks_.finished()) co_return 0;
        if (const std::uint64_t left = chunks_.data_left(); left > 0) {
            const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left));
            const std::size_t got = co_await wait(buffer.first(most));
            chunks_.took(got);
            count(got);
            co_return got;
        }
        co_await wait({});
    }
}

Task<void> OutgoingBody::write(std::string_view bytes) {
    bool sent = false;
    if (kind_ == BodyKind::sized) {
        if (bytes.size() > left_) throw std::logic_error("a streamed body is longer than its Content-Length");
        left_ -= bytes.size();
    }
    if (kind_ == BodyKind::chunked && !bytes.empty()) {
        std::array<char, 20> size;
        const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
        wire_.out.append(size.data(), end).append("\r\n");
    }
    const std::string_view after = kind_ == BodyKind::chunked && !bytes.empty() ? "\r\n" : "";
    if (bytes.size() <= kCopied) {
        wire_.out.append(bytes).append(after);
        sent = co_await wire_.flush(pace_);
    } else {
        sent = co_await wire_.send(bytes, after, pace_);
    }
    if (!sent) throw std::system_error(std::make_error_code(std::errc::connection_reset), "the client is gone");
}

bool OutgoingBody::finish() {
    if (kind_ == BodyKind::chunked) wire_.out += "0\r\n\r\n";
    return kind_ != BodyKind::sized || left_ == 0;
}

}  // namespace townhall::http
