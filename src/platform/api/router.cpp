#include "platform/api/router.hpp"

#include <charconv>
#include <fmt/format.h>

#include "platform/db/errors.hpp"
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

/// `Accept` in as far as we have a choice: whether it leaves room for `type`.
bool accepts(std::string_view accept, std::string_view type) {
    if (accept.empty()) return true;
    const std::string_view major = type.substr(0, type.find('/'));
    while (!accept.empty()) {
        const std::size_t end = std::min(accept.find(','), accept.size());
        std::string_view item = accept.substr(0, end);
        accept.remove_prefix(std::min(end + 1, accept.size()));
        const bool refused =
            item.find(";q=0") != std::string_view::npos && item.find(";q=0.") == std::string_view::npos;
        item = item.substr(0, item.find(';'));
        while (item.starts_with(' ')) item.remove_prefix(1);
        while (item.ends_with(' ')) item.remove_suffix(1);
        if (refused) continue;
        if (item == "*/*" || item == type) return true;
        if (item.ends_with("/*") && item.substr(0, item.size() - 2) == major) return true;
    }
    return false;
}

bool is_json(std::string_view media_type) {
    media_type = media_type.substr(0, media_type.find(';'));
    while (media_type.ends_with(' ')) media_type.remove_suffix(1);
    return media_type == "application/json" ||
           (media_type.starts_with("application/") && media_type.ends_with("+json"));
}

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
        const auto* id = member ? member->get_if<std::int64_t>() : nullptr;
        if (id && named && *named != *id)
            return std::unexpected(invalid("/campaign_id", "conflict", "The query names another campaign."));
        if (id) named = *id;
    }
    return named;
}

Error denied(guard::Denial denial) {
    switch (denial) {
        case guard::Denial::campaign_required:
            return {kCampaignRequired, "Name a campaign with ?campaign_id=."};
        case guard::Denial::not_a_member:
            return {kForbidden, "The campaign is not one of yours."};
        case guard::Denial::unavailable:
            return unavailable(2, "Roles can't be checked at the moment.");
        case guard::Denial::no_credentials:
            return Error(kUnauthorized, "Send Authorization: Bearer.").with("WWW-Authenticate", "Bearer");
        default:
            break;
    }
    return Error(kUnauthorized, "The access token is not valid (any more).")
        .with("WWW-Authenticate", R"(Bearer error="invalid_token")");
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

/// Every problem has a detail: where nobody wrote one, what its kind always means.
std::string detail_of(const Error& error) {
    if (!error.detail.empty()) return error.detail;
    if (!error.faults.empty())
        return fmt::format("{} fault{} in the input; see errors.", error.faults.size(),
                           error.faults.size() == 1 ? "" : "s");
    return fmt::format("{}.", error.code.title);
}

}  // namespace

std::string Components::reference(std::string_view name, const std::function<std::string()>& make) {
    bool known = false;
    for (const auto& [other, schema] : schemas_) known = known || other == name;
    if (!known) {
        const std::size_t index = schemas_.size();
        schemas_.emplace_back(name, std::string());  // named before it is made: schemas may refer to themselves
        std::string schema = make();
        schemas_[index].second = std::move(schema);
    }
    return fmt::format(R"({{"$ref":"#/components/schemas/{}"}})", name);
}

std::string reference(Components& components, std::string_view name, const std::function<std::string()>& make) {
    return components.reference(name, make);
}

http::Response problem(const Error& error, std::string_view instance, std::string_view request_id) {
    http::Response response;
    response.status = error.code.status;
    response.content_type = "application/problem+json";
    std::string& out = response.body;
    out = fmt::format(R"({{"type":"urn:townhall:problem:{}","title":"{}","status":{})", error.code.code,
                      error.code.title, error.code.status);
    out += R"(,"detail":)";
    json::write_string(out, detail_of(error));
    if (!instance.empty()) {
        out += R"(,"instance":)";
        json::write_string(out, instance);
    }
    out += R"(,"request_id":)";
    json::write_string(out, request_id);
    if (!error.faults.empty()) {
        out += R"(,"errors":[)";
        for (const Fault& fault : error.faults) {
            out += &fault == error.faults.data() ? "{" : ",{";
            out += fault.in == Fault::In::body ? R"("pointer":)" : R"("parameter":)";
            json::write_string(out, fault.where);
            out += R"(,"code":)";
            json::write_string(out, fault.code);
            out += R"(,"detail":)";
            json::write_string(out, fault.detail);
            out += '}';
        }
        out += ']';
    }
    out += '}';
    response.headers = error.headers;
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

void finish(http::Response& response, const Context& context, int status, std::string etag,
            std::vector<std::pair<std::string, std::string>> headers) {
    response.status = status;
    response.headers = std::move(headers);
    const bool reading = context.request.verb == Verb::get || context.request.verb == Verb::head;
    if (!etag.empty() && reading) {
        const auto known = context.header("if-none-match");
        if (known && (*known == "*" || known->find(etag) != std::string_view::npos)) {
            response.status = 304;
            response.body.clear();
            response.content_type.clear();
        }
    }
    if (!etag.empty()) response.headers.emplace_back("ETag", std::move(etag));
}

void Router::add_route(std::unique_ptr<Route> route) {
    route->segments = split(route->path);
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

Task<http::Response> Router::handle(http::Request& request) {
    const Match match = find(request.verb, request.path);
    http::Response response;
    if (!match.route) {
        if (match.allow.empty()) {
            response = problem(Error(kNotFound), request.path, request.request_id);
        } else if (request.verb == Verb::options) {
            response.status = 204;
            response.headers.emplace_back("Allow", match.allow + ", OPTIONS");
        } else {
            response = problem(Error(kMethodNotAllowed).with("Allow", match.allow + ", OPTIONS"), request.path,
                               request.request_id);
        }
    } else {
        bool close = false;
        std::optional<Error> failure;  // co_await is not allowed in a handler of exceptions, nor is it needed
        try {
            response = co_await serve(*match.route, request, match.values);
        } catch (const http::BodyError& error) {
            failure = Error(code_for(error.status), error.why);
            close = true;  // the rest of the body is not worth reading
        } catch (const db::Unavailable& away) {
            failure = unavailable(away.retry_after);
        } catch (const observe::Overloaded&) {
            failure = unavailable(1, "Too much work is waiting.");
        } catch (const db::StatementError& error) {
            failure = of(error);
            if (failure->code.status >= 500)
                observe::error("statement failed", {{"statement", error.statement},
                                                    {"sqlstate", error.sqlstate()},
                                                    {"route", match.route->path},
                                                    {"request_id", request.request_id}});
        }
        if (failure) response = problem(*failure, request.path, request.request_id);
        response.close = response.close || close;
        response.route = match.route->path;
    }
    for (const auto& header : common_) response.headers.push_back(header);
    co_return response;
}

http::Response Router::refuse(int status, std::string_view detail, std::string_view request_id) {
    http::Response response = problem(Error(code_for(status), std::string(detail)), {}, request_id);
    for (const auto& header : common_) response.headers.push_back(header);
    return response;
}

Task<http::Response> Router::serve(const Route& route, http::Request& request, const PathValues& values) {
    const auto fail = [&](const Error& error) { return problem(error, request.path, request.request_id); };
    Context context{request, {}, {}, route.path};

    guard::Caller caller{};
    if (route.who != Who::anyone) {
        auto known = authenticator_.authenticate(request.header("authorization"));
        if (!known) co_return fail(denied(known.error()));
        caller = *known;
    }
    if (const auto accept = request.header("accept"); accept && !accepts(*accept, route.out_type))
        co_return fail(Error(kNotAcceptable, fmt::format("The answer is {}.", route.out_type)));

    http::QueryPairs query;
    if (!request.query.empty()) {
        auto parsed = http::parse_query(request.query);
        if (!parsed) co_return fail(Error(kMalformed, std::string(to_string(parsed.error()))));
        query = *std::move(parsed);
    }
    std::string body;
    std::optional<json::Value> document;
    if (route.takes_body) {
        auto read = co_await read_body(request, route.body_limit);
        if (!read) co_return fail(read.error());
        body = *std::move(read);
        auto parsed = json::parse(body);
        if (!parsed) co_return fail(Error(kMalformed, parsed.error()));
        document = *std::move(parsed);
        context.body = body;
    }
    const json::Value* document_or_null = document ? &*document : nullptr;

    if (route.who == Who::member) {
        const auto named = named_campaign(query, document_or_null);
        if (!named) co_return fail(named.error());
        const auto who = authenticator_.principal(caller, *named);
        if (!who) co_return fail(denied(who.error()));
        context.who = *who;
        if (!context.who.at_least(route.role)) co_return fail(Error(kForbidden, "Your role does not allow this."));
    } else if (route.who != Who::anyone) {
        const auto who = authenticator_.principal(caller);
        if (!who) co_return fail(denied(who.error()));
        context.who = *who;
        const bool allowed =
            route.who == Who::signed_in || context.who.is_admin || (route.who == Who::editor && context.who.is_editor);
        if (!allowed) co_return fail(Error(kForbidden, "Your role does not allow this."));
    }
    co_return co_await route.run(context, Input{values, query, document_or_null});
}

}  // namespace townhall::api
