#include "platform/api/openapi.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <utility>

namespace townhall::api {

namespace {

std::string json_text(std::string_view text) {
    std::string out;
    json::write_string(out, text);
    return out;
}

std::string lower(std::string_view verb) {
    std::string out(verb);
    std::ranges::transform(out, out.begin(), [](char c) { return static_cast<char>(c | 0x20); });
    return out;
}

/// "getVoters", from the verb and the path.
std::string operation_id(const Route& route) {
    std::string out = lower(to_string(route.verb));
    bool upper = true;
    for (const char c : route.path.substr(route.path.starts_with("/api/") ? 5 : 1)) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (letter) out += upper && c >= 'a' ? static_cast<char>(c - 32) : c;
        upper = !letter;
    }
    return out;
}

std::string_view tag_of(std::string_view path) {
    for (const std::string_view prefix : {"/api/v1/", "/api/", "/"}) {
        if (!path.starts_with(prefix)) continue;
        path.remove_prefix(prefix.size());
        return path.substr(0, path.find_first_of("/."));
    }
    return path;
}

/// Whether it has a tag to read or to change by.
bool takes_conditions(const Route& route) {
    return route.has_etag || std::ranges::find(route.errors, &kPreconditionFailed) != route.errors.end();
}

/// Errors that an endpoint of this kind can give, its own among them.
std::map<int, std::string> failures(const Route& route) {
    std::map<int, std::string> out;
    const auto add = [&](const ErrorCode& code) { out.insert_or_assign(code.status, std::string(code.title)); };
    for (const ErrorCode* code : {&kMalformed, &kNotAcceptable, &kInvalid, &kTooManyRequests, &kUnavailable})
        add(*code);
    if (route.who != Who::anyone) {
        add(kUnauthorized);
        add(kForbidden);
    }
    if (route.who == Who::member) add(kNotFound);  // the campaign
    if (route.takes_body || !route.raw_body.empty()) {
        add(kLengthRequired);
        add(kTooLarge);
        add(kUnsupportedMedia);
        add(kTimeout);
    }
    if (route.verb != Verb::get) {
        add(kConflict);
        add(kStorageFull);
    }
    if (takes_conditions(route)) add(kPreconditionFailed);
    for (const ErrorCode* code : route.errors) add(*code);
    return out;
}

constexpr std::string_view kProblemContent =
    R"("content":{"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}})";

/// The answer of one status of success.
std::string success(const Route& route, int status) {
    std::string out = fmt::format(R"("{}":{{"description":"Done")", status);
    if (status == 204) return out + '}';
    const std::string schema =
        route.output_schema.empty() ? "{}" : fmt::format(R"({{"schema":{}}})", route.output_schema);
    return out + fmt::format(R"(,"content":{{"{}":{}}}}})", route.out_type, schema);
}

/// Who may call the route: nobody need sign in, or a token, of somebody with the role named (OpenAPI 3.1, Security
/// Requirement Object: for other schemes than OAuth the list holds role names).
std::string requirement(const Route& route) {
    switch (route.who) {
        case Who::anyone:
            return "";
        case Who::signed_in:
            return R"({"bearer":[]})";
        case Who::editor:
            return R"({"bearer":["editor"]})";
        case Who::admin:
            return R"({"bearer":["admin"]})";
        case Who::member:
            return fmt::format(R"({{"bearer":["{}"]}})", to_string(route.role));
    }
    std::unreachable();
}

std::string operation(const Route& route) {
    std::string out = fmt::format(R"({{"operationId":"{}","summary":{},"tags":["{}"])", operation_id(route),
                                  json_text(route.summary), tag_of(route.path));
    std::string parameters = route.parameters;
    const auto add_parameter = [&](std::string_view text) {
        if (!parameters.empty()) parameters += ',';
        parameters += text;
    };
    if (route.who == Who::member) add_parameter(R"({"$ref":"#/components/parameters/campaign"})");
    if (route.idempotent_post) add_parameter(R"({"$ref":"#/components/parameters/idempotencyKey"})");
    if (takes_conditions(route)) {
        add_parameter(R"({"$ref":"#/components/parameters/ifMatch"})");
        add_parameter(R"({"$ref":"#/components/parameters/ifNoneMatch"})");
    }
    if (!parameters.empty()) out += fmt::format(R"(,"parameters":[{}])", parameters);
    if (!route.input_schema.empty())
        out += fmt::format(R"(,"requestBody":{{"required":true,"content":{{"application/json":{{"schema":{}}}}}}})",
                           route.input_schema);
    else if (!route.raw_body.empty())
        out += fmt::format(R"(,"requestBody":{})", route.raw_body);
    out += fmt::format(R"(,"security":[{}],"responses":{{)", requirement(route));
    out += success(route, route.success);
    if (route.other_success) out += "," + success(route, route.other_success);
    if (route.has_etag) out += R"(,"304":{"description":"The client has it already"})";
    for (const auto& [status, title] : failures(route))
        out += fmt::format(R"(,"{}":{{"description":{},{}}})", status, json_text(title), kProblemContent);
    return out + fmt::format(R"(,"default":{{"$ref":"#/components/responses/Refused"}}}}}})");
}

constexpr std::string_view kProblem =
    R"("Problem":{"type":"object","properties":{"type":{"type":"string","format":"uri"},"title":{"type":"string"},)"
    R"("status":{"type":"integer"},"detail":{"type":"string"},"instance":{"type":"string","format":"uri-reference"},"request_id":{"type":"string"},)"
    R"("errors":{"type":"array","items":{"type":"object","properties":{"pointer":{"type":"string"},)"
    R"("parameter":{"type":"string"},"code":{"type":"string"},"detail":{"type":"string"}},"required":["code","detail"]}}},)"
    R"("required":["type","title","status","request_id"]})";

constexpr std::string_view kSharedParameters =
    R"("parameters":{"campaign":{"name":"campaign_id","in":"query","required":false,)"
    R"("description":"The campaign to act in; one's only campaign when left out.","schema":{"type":"integer","minimum":1}},)"
    R"("idempotencyKey":{"name":"Idempotency-Key","in":"header","required":false,)"
    R"("description":"The same key and body give the first answer again for 24 hours.",)"
    R"("schema":{"type":"string","minLength":1,"maxLength":255}},)"
    R"("ifMatch":{"name":"If-Match","in":"header","required":false,)"
    R"("description":"Only while it has one of these ETags: 412 when it has another.","schema":{"type":"string"}},)"
    R"("ifNoneMatch":{"name":"If-None-Match","in":"header","required":false,)"
    R"("description":"The ETag of what the client has: 304 when nothing is new, 412 to a change of just that.",)"
    R"("schema":{"type":"string"}}})";

}  // namespace

std::string openapi(const Router& router, std::string_view version) {
    std::map<std::string_view, std::map<std::string, const Route*>> paths;
    for (const auto& route : router.routes()) paths[route->path][lower(to_string(route->verb))] = route.get();
    std::string out = fmt::format(
        R"({{"openapi":"3.1.0","info":{{"title":"Townhall","version":"{}","license":{{"name":"Apache-2.0","identifier":"Apache-2.0"}}}},"paths":{{)",
        version);
    bool first_path = true;
    for (const auto& [path, verbs] : paths) {
        out += fmt::format("{}{}:{{", std::exchange(first_path, false) ? "" : ",", json_text(path));
        bool first_verb = true;
        for (const auto& [verb, route] : verbs)
            out += fmt::format("{}\"{}\":{}", std::exchange(first_verb, false) ? "" : ",", verb, operation(*route));
        out += '}';
    }
    out += fmt::format(R"(}},"components":{{"schemas":{{{})", kProblem);
    for (const auto& [name, schema] : router.components().all()) out += fmt::format(",{}:{}", json_text(name), schema);
    out += fmt::format(R"(}},"responses":{{"Refused":{{"description":"Refused before it was understood",{}}}}})",
                       kProblemContent);
    out += fmt::format(
        R"(,{},"securitySchemes":{{"bearer":{{"type":"http","scheme":"bearer","bearerFormat":"JWT"}}}}}}}})",
        kSharedParameters);
    return out;
}

}  // namespace townhall::api
