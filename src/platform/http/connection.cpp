#include "platform/http/connection.hpp"

#include <array>

#include "platform/http/request_id.hpp"

namespace townhall::http {
namespace {

constexpr std::size_t kMostBuffered = 32 * 1024;
constexpr std::size_t kMostHeldBack = 32 * 1024;  // of answers to pipelined requests

}  // namespace

Connection::Connection(Worker& worker, boost::asio::ip::tcp::socket socket)
    : worker_(worker),
      wire_(std::move(socket), std::max(kMostBuffered, 2 * worker.options().limits.header_bytes)),
      peer_{.address = wire_.remote_address(), .secure = worker.options().tls != nullptr},
      behind_proxy_(worker.options().trusted_proxies.trusts(peer_.address)),
      scanner_(worker.options().limits),
      sending_(worker.options().timeouts),
      waiting_from_(clock::now()) {
    come_from(peer_);
    wire_.deadline = waiting_from_ + worker.options().timeouts.header;
}

Task<void> Connection::run() {
    if (const auto& tls = worker_.options().tls) open_ = co_await shake_hands(*tls);
    while (open_) {
        skip_empty_line();
        const bool half_of_one = empty_line_allowed_ && wire_.held() == "\r";
        const auto head_bytes = half_of_one ? std::size_t{0} : scanner_.look(wire_.held());
        if (!head_bytes) {
            co_await refuse(head_bytes.error());
        } else if (*head_bytes == 0) {
            if (!wire_.out.empty() && !wire_.flush_now() && !co_await wire_.flush(sending_)) break;
            await_head();
            if (!co_await wire_.receive()) {
                if (head_came_too_slowly()) co_await refuse({408, "The header came too slowly."});
                break;
            }
        } else if (const auto fault = take_head(*head_bytes)) {
            co_await refuse(*fault);
        } else {
            co_await exchange();
        }
    }
    co_await leave();
}

Task<bool> Connection::shake_hands(const Tls& tls) {
    const auto& timeouts = worker_.options().timeouts;
    wire_.deadline = waiting_from_ + timeouts.handshake;
    const bool done = co_await wire_.shake_hands(tls);
    waiting_from_ = clock::now();
    wire_.deadline = waiting_from_ + timeouts.header;
    co_return done;
}

void Connection::come_from(const Origin& origin) {
    request_.remote_address = origin.address.to_string();
    request_.secure = origin.secure;
}

// RFC 9112, section 2.2: some clients send an empty line after a body.
void Connection::skip_empty_line() {
    if (empty_line_allowed_ && wire_.held().starts_with("\r\n")) {
        wire_.use(2);
        empty_line_allowed_ = false;
    }
}

void Connection::await_head() {
    if (phase_ != Phase::idle) return;  // the deadline of its first byte stands
    if (wire_.held().empty()) return await_next();
    phase_ = Phase::header;
    wire_.deadline = (first_ ? waiting_from_ : clock::now()) + worker_.options().timeouts.header;
}

bool Connection::head_came_too_slowly() {
    if (!wire_.expired() || phase_ != Phase::header || cut_off_) return false;
    wire_.forgive();
    return true;
}

void Connection::await_next() {
    const auto& timeouts = worker_.options().timeouts;
    wire_.deadline = waiting_from_ + (first_ ? timeouts.header : timeouts.idle);
    if (worker_.stopping()) wire_.deadline = std::min(wire_.deadline, clock::now() + timeouts.last_requests);
    wire_.rest();
}

// Parses, checks and copies the header that is held, and takes it off the wire.
std::optional<Refusal> Connection::take_head(std::size_t bytes) {
    if (auto fault = parse_head(wire_.held().substr(0, bytes), head_)) return fault;
    parsed_ = true;
    if (behind_proxy_) come_from(origin_of(worker_.options().trusted_proxies, peer_, head_.fields));
    const auto framing = check_head(head_, worker_.options().limits);
    if (!framing) return framing.error();
    framing_ = *framing;
    if (!decode_target(head_.target, request_.path, request_.query)) return Refusal{400, "The path is malformed."};
    copy_request();
    wire_.use(bytes);
    head_bytes_ = bytes;
    scanner_.reset();
    return std::nullopt;
}

// The strings of the last request are written over, so that their memory is used again.
void Connection::copy_request() {
    request_.verb = verb_of(head_.method);
    request_.method.assign(head_.method);
    request_.headers.resize(head_.fields.size());
    request_.traceparent.clear();
    bool has_id = false;
    for (std::size_t i = 0; i < head_.fields.size(); ++i) {
        const auto& [name, value] = head_.fields[i];
        request_.headers[i].first.assign(name);
        request_.headers[i].second.assign(value);
        if (!has_id && equal_without_case(name, "x-request-id") && is_request_id(value)) {
            request_.request_id.assign(value);
            has_id = true;
        }
        if (equal_without_case(name, "traceparent") && is_traceparent(value)) request_.traceparent.assign(value);
    }
    if (!has_id) make_request_id(request_.request_id);
}

Task<void> Connection::exchange() {
    phase_ = Phase::exchange;
    sending_ = Pace(worker_.options().timeouts);
    // Answers wait for the next one of a pipeline only where that one is quick.
    const bool quick = (request_.verb == Verb::get || request_.verb == Verb::head) && !framing_.has_body();
    if (!quick && !wire_.out.empty() && !co_await wire_.flush(sending_)) {
        open_ = false;
        co_return;
    }
    IncomingBody body(wire_, framing_, worker_.options());
    request_.body = &body;
    const Exchange current{.started = clock::now(),
                           .head_bytes = head_bytes_,
                           .bytes_out_before = wire_.bytes_out(),
                           .is_head = request_.verb == Verb::head,
                           .version = head_.version};
    body_ = &body;
    current_ = &current;
    wire_.deadline = request_.deadline = current.started + worker_.options().timeouts.request;
    Response response;
    try {
        response = co_await worker_.handler().handle(request_);
    } catch (...) {
        response = failed();
    }
    wire_.deadline = clock::time_point::max();
    body_ = nullptr;
    open_ = !response.close && framing_.keep_alive && !worker_.stopping() && !wire_.expired() && body.can_skip();
    if (!late_) {
        const bool expired = wire_.expired();
        wire_.forgive();  // the deadline was the request's; from here on the answer has its own
        if (const auto left = begin_answer(response, current)) co_await send_body(response, *left);
        if (wire_.out.size() > kMostHeldBack) co_await wire_.flush(sending_);
        account(response, current, body.bytes());
        if (expired) wire_.expire();
    }
    request_.body = nullptr;
    if (!body.finished()) {  // deals with what the handler left of it
        if (open_) open_ = co_await wire_.flush(sending_) && co_await body.skip();
        linger_ = !open_;
    }
    settle();
}

void Connection::expire() {
    if (body_ != nullptr && !body_->waits()) answer_late();
    wire_.expire();
}

// Gets ready for the next request.
void Connection::settle() {
    if (wire_.broken()) open_ = false;
    phase_ = Phase::idle;
    first_ = false;
    parsed_ = false;
    empty_line_allowed_ = true;
}

Task<void> Connection::leave() {
    phase_ = Phase::closing;
    if (cut_off_) co_return;
    if (!wire_.out.empty()) co_await wire_.flush(sending_);
    // Closing a socket that holds unread bytes resets it, and the client may lose the answer that it has not read yet.
    if (!wire_.broken() && !wire_.expired() && (linger_ || wire_.has_unread())) {
        wire_.shut_down_sending();
        wire_.deadline = clock::now() + worker_.options().timeouts.linger;
        std::array<char, 16 * 1024> away;
        std::uint64_t total = 0;
        while (total < worker_.options().limits.linger_bytes) {
            const std::size_t count = co_await wire_.receive(away);
            if (count == 0) break;
            total += count;
        }
    }
    wire_.say_end();
    wire_.close();
}

}  // namespace townhall::http
