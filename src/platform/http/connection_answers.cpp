// How a connection answers: writes, streams and accounts for what a handler gave, and refuses what never became a
// request.
#include <charconv>
#include <exception>
#include <system_error>

#include "platform/http/answer.hpp"
#include "platform/http/connection.hpp"
#include "platform/http/request_id.hpp"
#include "platform/observe/log.hpp"

namespace townhall::http {
namespace {

constexpr std::size_t kCopiedBody = 16 * 1024;  // shorter bodies are sent in one piece with their header

std::optional<std::uint64_t> announced_length(const Response& response) {
    for (const auto& [name, value] : response.headers) {
        if (!equal_without_case(name, "content-length")) continue;
        std::uint64_t length = 0;
        const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), length);
        if (fault == std::errc() && end == value.data() + value.size()) return length;
    }
    return std::nullopt;
}

std::string_view content_of(const Response& response) {
    return response.prepared ? response.prepared->body : std::string_view(response.body);
}

// The log leaves out fields without a name.
observe::Field trace_of(const Request& request) {
    return {request.traceparent.empty() ? "" : "trace_id", request.trace_id()};
}

// In a handler of exceptions.
void log_failure(std::string_view what, const Request& request) {
    observe::failure(what, std::current_exception(), {{"request_id", request.request_id}, trace_of(request)});
}

}  // namespace

// The handler has taken too long, and not because of the client. It goes on, and finds all that it was given, but
// nobody waits for it any longer.
void Connection::answer_late() {
    late_ = true;
    Response response = worker_.handler().refuse(503, "The answer took too long.", request_);
    response.headers.emplace_back("Retry-After", "5");
    const AnswerFrame frame{.version = current_->version,
                            .kind = BodyKind::sized,
                            .length = response.body.size(),
                            .close = true,
                            .date = worker_.date(),
                            .request_id = request_.request_id};
    write_head(wire_.out, response, frame);
    if (!current_->is_head) wire_.out.append(response.body);
    if (wire_.flush_now()) wire_.shut_down_sending();
    account(response, *current_, body_->bytes());
}

// The answer where the handler threw. In a handler of exceptions.
Response Connection::failed() {
    try {
        throw;
    } catch (const BodyError& error) {
        return worker_.handler().refuse(error.status, error.why, request_);
    } catch (...) {
        log_failure("request failed", request_);
        return worker_.handler().refuse(500, "", request_);
    }
}

// Writes the header, and the body with it where it is short: then nothing is left.
std::optional<BodyLeft> Connection::begin_answer(Response& response, const Exchange& current) {
    if (response.status < 200 || response.status > 599) {
        observe::error("a handler gave an impossible status", {{"status", response.status}});
        response.status = 500;
    }
    const bool bodiless = is_bodiless(response.status);
    const std::string_view content = content_of(response);
    AnswerFrame frame{.version = current.version,
                      .kind = bodiless ? BodyKind::none : BodyKind::sized,
                      .length = content.size(),
                      .date = worker_.date(),
                      .request_id = request_.request_id};
    if (response.stream && !bodiless) {
        if (const auto length = announced_length(response)) {
            frame.length = *length;
        } else if (current.version >= 11) {
            frame.kind = BodyKind::chunked;
        } else {
            frame.kind = BodyKind::until_close;
            open_ = false;
        }
    }
    frame.close = !open_;
    write_head(wire_.out, response, frame);
    if (current.is_head || bodiless) return std::nullopt;
    if (!response.stream && content.size() <= kCopiedBody) {
        wire_.out.append(content);
        return std::nullopt;
    }
    return BodyLeft{.kind = frame.kind, .length = frame.length};
}

Task<void> Connection::send_body(Response& response, BodyLeft left) {
    if (response.stream) {
        co_await stream(response, left);
    } else {
        co_await wire_.send(content_of(response), {}, sending_);
    }
}

Task<void> Connection::stream(Response& response, BodyLeft left) {
    OutgoingBody body(wire_, sending_, left);
    try {
        co_await response.stream(body);
        if (body.finish()) co_return;
        observe::error("a streamed answer ended early", {{"request_id", request_.request_id}, trace_of(request_)});
    } catch (const std::exception&) {
        if (!wire_.broken()) log_failure("a streamed answer failed", request_);
    }
    // The client sees that the body is not whole: neither its length nor its last chunk came.
    open_ = false;
    wire_.close();
}

void Connection::account(const Response& response, const Exchange& current, std::uint64_t body_bytes) {
    waiting_from_ = clock::now();
    const std::uint64_t bytes_in = current.head_bytes + body_bytes;
    const std::uint64_t bytes_out = wire_.bytes_out() - current.bytes_out_before;
    const std::string_view method = to_string(request_.verb);
    const std::string_view route = response.route.empty() ? std::string_view("-") : response.route;
    const auto took = waiting_from_ - current.started;
    worker_.count_answer({.route = route, .method = method, .problem = response.problem, .status = response.status},
                         took, bytes_in, bytes_out);
    if (!observe::enabled(observe::Level::info)) return;
    observe::info("request", {{"method", method},
                              {"route", route},
                              {"status", response.status},
                              {"duration_ms", took},
                              {"bytes_in", bytes_in},
                              {"bytes_out", bytes_out},
                              {"request_id", request_.request_id},
                              {"remote", request_.remote_address},
                              trace_of(request_)});
}

// Answers what never became a request, for the last time on this connection.
Task<void> Connection::refuse(Refusal refusal) {
    phase_ = Phase::closing;
    open_ = false;
    linger_ = true;
    if (parsed_) {
        copy_request();  // who it comes from and what its id is may be told
    } else {
        request_.headers.clear();  // what is left of the request before
        request_.traceparent.clear();
        come_from(peer_);
        make_request_id(request_.request_id);
    }
    request_.verb = Verb::other;
    request_.path.clear();
    request_.query.clear();
    const Exchange current{
        .started = clock::now(), .head_bytes = wire_.held().size(), .bytes_out_before = wire_.bytes_out()};
    Response response = worker_.handler().refuse(refusal.status, refusal.why, request_);
    if (refusal.status == 405) response.headers.emplace_back("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    if (const auto left = begin_answer(response, current)) co_await send_body(response, *left);
    account(response, current, 0);
}

}  // namespace townhall::http
