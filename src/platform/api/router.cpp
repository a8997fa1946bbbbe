#include "platform/api/router.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "platform/api/common_fields.hpp"
#include "platform/api/compress.hpp"
#include "platform/api/weighted.hpp"
#include "platform/db/errors.hpp"
#include "platform/http/gate.hpp"
#include "platform/observe/cpu_pool.hpp"
#include "platform/observe/log.hpp"

namespace townhall::api {

namespace {

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> segments;
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        const std::size_t end = std::min(path.find('/'), path.size());
        segments.push_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return segments;
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

Task<Result<std::string>> read_body(http::Request& request, std::uint64_t limit) {
    const bool has_body = request.body && (request.header("content-length") || request.header("transfer-encoding"));
    if (!has_body) co_return std::unexpected(Error(kLengthRequired, "A JSON body is required."));
    const auto type = request.header("content-type");
    if (!type || !is_json(*type))
        co_return std::unexpected(Error(kUnsupportedMedia, "Send Content-Type: application/json."));
    request.body->set_limit(limit);
    std::string body;
    body.reserve(std::min<std::uint64_t>(request.body->length().value_or(4096), 64 * 1024));
    for (std::size_t used = 0;;) {
        body.resize(std::max<std::size_t>(used + 4096, std::min<std::size_t>(used * 2, used + 256 * 1024)));
        const std::size_t got = co_await request.body->read(std::span(body.data() + used, body.size() - used));
        used += got;
        if (got == 0) {
            body.resize(used);
            co_return body;
        }
    }
}

Result<std::optional<std::int64_t>> named_campaign(const http::QueryPairs& query, const json::Value* body) {
    std::optional<std::int64_t> named;
    if (const auto text = http::find_query(query, "campaign_id")) {
        std::int64_t id = 0;
        const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), id);
        if (fault != std::errc{} || end != text->data() + text->size() || id < 1)
            return std::unexpected(invalid_parameter("campaign_id", "type", "Must be a campaign's id."));
        named = id;
    }
    if (body) {
        const json::Value* member = body->find("campaign_id");
        const auto id = member ? member->integer() : std::nullopt;
        if (id && named && *named != *id)
            return std::unexpected(invalid("/campaign_id", "conflict", "The query names another campaign."));
        if (id) named = id;
    }
    return named;
}

Error of(const db::StatementError& error) {
    switch (error.outcome()) {
        case db::Outcome::conflict:
            return {kConflict, "Something else refers to it, or it exists already."};
        case db::Outcome::invalid:
            return {kInvalid, "A value is out of bounds."};
        case db::Outcome::full:
            return {kStorageFull};
        case db::Outcome::unavailable:
        case db::Outcome::retry:
        case db::Outcome::timeout:
            return unavailable(2, "The database did not answer in time.");
        case db::Outcome::forbidden:
        case db::Outcome::failed:
            break;
    }
    return {kInternal};
}

/// In a handler of exceptions. Fields without a name are left out.
void log_failure(std::string_view what, const Route& route, const http::Request& request,
                 std::string_view statement = {}, std::string_view sqlstate = {}) {
    observe::failure(what, std::current_exception(),
                     {{"route", route.path},
                      {"request_id", request.request_id},
                      {request.traceparent.empty() ? "" : "trace_id", request.trace_id()},
                      {statement.empty() ? "" : "statement", statement},
                      {sqlstate.empty() ? "" : "sqlstate", sqlstate}});
}

/// The answer to what was thrown on the way. In a handler of exceptions.
http::Response failed(const Route& route, const http::Request& request) {
    const auto answer = [&](const Error& error) { return problem(error, request.path, request.request_id); };
    try {
        throw;
    } catch (const http::BodyError& error) {
        http::Response response = answer(Error(code_for(error.status), error.why));
        response.close = true;  // the rest of the body is not worth reading
        return response;
    } catch (const db::Unavailable& away) {
        return answer(unavailable(away.retry_after));
    } catch (const observe::Overloaded&) {
        return answer(unavailable(1, "Too much work is waiting."));
    } catch (const db::StatementError& error) {
        const Error failure = of(error);
        if (failure.code.status >= 500)
            log_failure("statement failed", route, request, error.statement, error.sqlstate());
        return answer(failure);
    } catch (...) {
        log_failure("request failed", route, request);
        return answer(Error(kInternal));
    }
}

/// Checks what comes before the body, and reads the query.
std::optional<Error> read_head(const Route& route, const http::Request& request, http::QueryPairs& query) {
    std::string joined;
    if (!accepts(list_field(request, "accept", joined).value_or(""), route.out_type))
        return Error(kNotAcceptable, fmt::format("The answer is {}.", route.out_type));
    if (route.needs_if_match && !request.header("if-match"))
        return Error(kPreconditionRequired, "Send If-Match with the ETag of what you have read.");
    if (request.query.empty()) return std::nullopt;
    auto parsed = http::parse_query(request.query);
    if (!parsed) return Error(kMalformed, std::string(to_string(parsed.error())));
    query = *std::move(parsed);
    return std::nullopt;
}

/// For plain answers, and for those by TLS.
std::array<std::string, 2> both_ways(const CommonFields& fields) {
    return {write_common_fields(fields, false), write_common_fields(fields, true)};
}

/// What staff sees, and what holds a token, is nobody else's to keep.
void say_who_may_keep(http::Response& response, const Route& route) {
    if ((route.who == Who::anyone && !route.secret) || response.prepared) return;
    const bool said = std::ranges::any_of(
        response.headers, [](const auto& header) { return http::equal_without_case(header.first, "cache-control"); });
    if (!said) response.headers.emplace_back("Cache-Control", route.secret ? "no-store" : "private, no-cache");
}

}  // namespace

bool is_reading(const Context& context) {
    return context.request.verb == Verb::get || context.request.verb == Verb::head;
}

void finish(http::Response& response, const Context& context, int status, std::string etag,
            std::vector<std::pair<std::string, std::string>> headers) {
    response.status = status;
    response.headers = std::move(headers);
    if (!etag.empty() && is_reading(context)) {
        const Conditions sent = context.conditions();
        if (const auto error = check_if_match(sent.if_match, etag)) {
            response = problem(*error, context.request.path, context.request.request_id);
            return;
        }
        if (const auto known = sent.if_none_match ? known_tag(*sent.if_none_match, etag) : std::nullopt) {
            etag = std::string(*known);  // of the form that the client has
            response.status = 304;
            response.body.clear();
            response.content_type.clear();
        }
    }
    if (!etag.empty()) response.headers.emplace_back("ETag", std::move(etag));
}

Router::Router(const guard::Authenticator& authenticator, Cors cors)
    : authenticator_(authenticator),
      cors_(std::move(cors)),
      common_fields_(both_ways({.policy = kDataPolicy, .by_origin = cors_.any()})) {}

void Router::add_route(std::unique_ptr<Route> route) {
    route->segments = split(route->path);
    route->common_fields =
        both_ways({.policy = route->policy, .embeddable = route->embeddable, .by_origin = cors_.any()});
    if (route->path.find('{') == std::string_view::npos)
        fixed_[route->path].push_back(route.get());
    else
        with_parameters_.push_back(route.get());
    routes_.push_back(std::move(route));
}

bool Router::matches(const Route& route, std::string_view path, PathValues& values) {
    values.clear();
    for (const std::string_view segment : route.segments) {
        if (!path.starts_with('/')) return false;
        path.remove_prefix(1);
        const std::string_view actual = path.substr(0, path.find('/'));
        path.remove_prefix(actual.size());
        if (is_parameter(segment))
            values.emplace_back(segment.substr(1, segment.size() - 2), actual);
        else if (segment != actual)
            return false;
    }
    return path.empty();
}

Router::Match Router::find(Verb verb, std::string_view path) const {
    const Verb wanted = verb == Verb::head ? Verb::get : verb;
    Match match;
    const auto consider = [&](const Route* route) {
        if (route->verb == wanted) {
            match.route = route;
            return true;
        }
        if (!match.allow.empty()) match.allow += ", ";
        match.allow += to_string(route->verb);
        if (route->verb == Verb::get) match.allow += ", HEAD";
        return false;
    };
    if (const auto fixed = fixed_.find(path); fixed != fixed_.end()) {
        for (const Route* route : fixed->second)
            if (consider(route)) return match;
        return match;  // a fixed path hides patterns: /voters/imports is no voter's id
    }
    for (const Route* route : with_parameters_)
        if (matches(*route, path, match.values) && consider(route)) return match;
    return match;
}

http::Response Router::without_route(const http::Request& request, const Match& match) const {
    const Limits::Taken taken = limits_ ? limits_->take(nullptr, request, std::nullopt) : Limits::Taken();
    if (const auto refused = taken.refused()) {
        http::Response response = problem(*refused, request.path, request.request_id);
        taken.tell(response);
        return response;
    }
    if (match.allow.empty()) return problem(Error(kNotFound), request.path, request.request_id);
    const std::string allow = match.allow + ", OPTIONS";
    if (request.verb != Verb::options)
        return problem(Error(kMethodNotAllowed).with("Allow", allow), request.path, request.request_id);
    http::Response response;
    response.status = 204;
    if (!cors_.answer_preflight(request, allow, response)) response.headers.emplace_back("Allow", allow);
    return response;
}

Task<http::Response> Router::handle(http::Request& request) {
    const Match match = find(request.verb, request.path);
    http::Response response;
    if (const Route* route = match.route) {
        Permit permit(authenticator_, request, route->who, route->role);
        Limits::Taken taken;
        if (let_in(match, request, permit, taken, response)) {
            if (taken.must_wait()) co_await taken.wait();
            response = route->run_at_once ? serve_at_once(match, request, permit)
                                          : co_await serve_or_fail(match, request, permit);
        }
        taken.tell(response);
        if (!route->secret) compress(response, request);
        say_who_may_keep(response, *route);
        response.route = route->path;
    } else {
        response = without_route(request, match);
    }
    response.common_fields = (match.route ? match.route->common_fields : common_fields_)[request.secure];
    response.origin_fields = cors_.fields(request);
    co_return response;
}

http::Response Router::refuse(int status, std::string_view detail, const http::Request& request) {
    http::Response response = problem(Error(code_for(status), std::string(detail)), request.path, request.request_id);
    response.common_fields = common_fields_[request.secure];
    response.origin_fields = cors_.fields(request);
    return response;
}

// Counts the request; where it may not go on, `refusal` says why.
bool Router::let_in(const Match& match, const http::Request& request, Permit& permit, Limits::Taken& taken,
                    http::Response& refusal) const {
    const auto unidentified = permit.identify();
    if (limits_) taken = limits_->take(match.route, request, permit.user_id());
    auto failure = taken.refused();
    if (!failure) failure = unidentified;
    if (failure) refusal = problem(*failure, request.path, request.request_id);
    return !failure;
}

http::Response Router::serve_at_once(const Match& match, http::Request& request, Permit& permit) const {
    const Route& route = *match.route;
    try {
        http::QueryPairs query;
        if (const auto error = read_head(route, request, query))
            return problem(*error, request.path, request.request_id);
        const auto who = permit.principal(std::nullopt);
        if (!who) return problem(who.error(), request.path, request.request_id);
        Context context{request, *who, {}, route.path, permit};
        return route.run_at_once(context, Input{match.values, query, nullptr});
    } catch (...) {
        return failed(route, request);
    }
}

// Coroutines can't be suspended in a handler of exceptions, and their frames stay small without what handles them.
Task<http::Response> Router::serve_or_fail(const Match& match, http::Request& request, Permit& permit) const {
    try {
        co_return co_await serve(match, request, permit);
    } catch (...) {
        co_return failed(*match.route, request);
    }
}

Task<http::Response> Router::serve(const Match& match, http::Request& request, Permit& permit) const {
    const Route& route = *match.route;
    const auto fail = [&](const Error& error) { return problem(error, request.path, request.request_id); };
    http::QueryPairs query;
    if (const auto error = read_head(route, request, query)) co_return fail(*error);
    std::string body;
    std::optional<json::Value> document;
    if (route.takes_body) {
        auto read = co_await read_body(request, route.body_limit);
        if (!read) co_return fail(read.error());
        body = *std::move(read);
        auto parsed = json::parse(body);
        if (!parsed) co_return fail(Error(kMalformed, parsed.error()));
        document = *std::move(parsed);
    }
    const json::Value* document_or_null = document ? &*document : nullptr;

    std::optional<std::int64_t> campaign;
    if (route.who == Who::member) {
        const auto named = named_campaign(query, document_or_null);
        if (!named) co_return fail(named.error());
        campaign = *named;
        if (second_look_ && permit.names_unknown(campaign)) co_await second_look_();
    }
    const auto who = permit.principal(campaign);
    if (!who) co_return fail(who.error());
    Context context{request, *who, body, route.path, permit};
    co_return co_await route.run(context, Input{match.values, query, document_or_null});
}

}  // namespace townhall::api
