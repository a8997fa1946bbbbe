#pragma once

// Part of router.hpp: from an endpoint's types to a route.

#include <algorithm>
#include <array>

#include "platform/api/describe.hpp"
#include "platform/api/paging.hpp"
#include "platform/api/router.hpp"

namespace townhall::api {

/// Reads In from the request: path values (wrong ones are 400), query parameters and body (wrong ones are 422, all
/// told).
template <class In>
Result<In> read_input(const Input& input) {
    In in{};
    if constexpr (HasSchema<In>) {
        Faults path_faults(Fault::In::parameter);
        Faults faults(Fault::In::parameter);
        std::array<std::string_view, count_fields<In>(Place::query) + 1> known{"campaign_id"};
        auto next_known = known.begin();
        each_field<In>([&](const auto& field) {
            if (field.place == Place::path) {
                const Faults::Step step(path_faults, field.name);
                for (const auto& [name, text] : input.path)
                    if (name == field.name) decode_parameter(text, in.*field.member, field.rules, path_faults);
            } else if (field.place == Place::query) {
                using F = typename std::remove_cvref_t<decltype(field)>::Type;
                *++next_known = field.name;
                const Faults::Step step(faults, field.name);
                const auto text = http::find_query(input.query, field.name);
                if (text)
                    decode_parameter(*text, in.*field.member, field.rules, faults);
                else if (!OptionalOf<F>::value && !field.rules.defaulted)
                    add_missing(faults);
            }
        });
        if (!path_faults.empty())
            return std::unexpected(Error(kMalformed, "A value of the path is of the wrong kind."));
        add_unknown_parameters(input.query, known, faults);
        if constexpr (has_fields<In>(Place::body)) {
            Faults body_faults(Fault::In::body);
            decode(*input.body, in, Rules{}, body_faults);
            // Rules beyond those of the schema, found by ADL; fields that were refused are as if absent.
            if constexpr (requires { check(in, body_faults); }) check(in, body_faults);
            faults.append(body_faults.take());
        }
        if (!faults.empty()) return std::unexpected(Error(kInvalid, {}, faults.take()));
    }
    return in;
}

/// Whether a path is that of one item: those carry an ETag.
constexpr bool names_one(std::string_view path) { return path.ends_with('}'); }

template <class Out>
http::Response to_response(const Context& context, int success, Answer<Out>& answer) {
    http::Response response;
    if constexpr (!std::is_same_v<Out, Nothing>) {
        response.content_type = "application/json";
        if (answer.kept_body)
            response.body = *std::move(answer.kept_body);
        else
            encode(response.body, answer.value);
    }
    if constexpr (is_page<Out>) {
        if (auto link = link_to_next(context.request, answer.value))
            answer.headers.emplace_back("Link", *std::move(link));
    } else if constexpr (!std::is_same_v<Out, Nothing>) {
        if (answer.etag.empty() && is_reading(context) && names_one(context.route))
            answer.etag = etag_of_bytes(response.body);
    }
    finish(response, context, answer.status ? answer.status : success, std::move(answer.etag),
           std::move(answer.headers));
    return response;
}
template <class Out>
http::Response to_response(const Context& context, int success, Out& value) {
    Answer<Out> answer{.value = std::move(value)};
    return to_response(context, success, answer);
}
inline http::Response to_response(const Context&, int, http::Response& response) { return std::move(response); }
template <class T>
http::Response to_response(const Context& context, int success, Result<T>& result) {
    if (!result) return problem(result.error(), context.request.path, context.request.request_id);
    return to_response(context, success, *result);
}

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<Task<T>> = true;

template <class In, class Deps, class Operation>
auto call(const Operation& operation, const Deps& deps, Context& context, In in) {
    if constexpr (std::is_invocable_v<Operation, Deps, Context&, In>)
        return operation(deps, context, std::move(in));
    else if constexpr (std::is_invocable_v<Operation, Deps, Principal, In>)
        return operation(deps, context.who, std::move(in));
    else if constexpr (std::is_invocable_v<Operation, Deps, Context&>)
        return operation(deps, context);
    else if constexpr (std::is_invocable_v<Operation, Deps, Principal>)
        return operation(deps, context.who);
    else if constexpr (std::is_invocable_v<Operation, Deps>)
        return operation(deps);
    else
        return operation(deps, std::move(in));
}

template <class In, class Out, class Deps, class Operation>
void Router::add(const Endpoint<In, Out>& endpoint, Deps deps, Operation operation) {
    auto route = std::make_unique<Route>();
    route->verb = endpoint.verb;
    route->path = endpoint.path;
    route->summary = endpoint.summary;
    route->who = endpoint.who;
    route->role = endpoint.role;
    route->success = endpoint.success;
    route->other_success = endpoint.other_success;
    for (const ErrorCode* code : endpoint.errors)
        if (code) route->errors.push_back(code);
    route->needs_if_match = std::ranges::find(route->errors, &kPreconditionRequired) != route->errors.end();
    route->body_limit = endpoint.body_limit;
    route->takes_body = has_fields<In>(Place::body) && endpoint.raw_body.empty();
    route->raw_body = endpoint.raw_body;
    route->has_etag =
        endpoint.has_etag || (endpoint.verb == get && HasSchema<Out> && !is_page<Out> && names_one(endpoint.path));
    route->secret = endpoint.secret;
    route->policy = endpoint.policy;
    route->embeddable = endpoint.embeddable;
    route->out_type = endpoint.out_type;
    route->output_schema = endpoint.out_schema;
    route->idempotent_post = endpoint.idempotent_post;
    route->parameters = describe_parameters<In>(components_);
    if (route->takes_body) route->input_schema = describe<In>(components_, Rules{});
    if constexpr (!std::is_same_v<Out, Nothing> && !std::is_same_v<Out, Raw>)
        route->output_schema = describe<Out>(components_, Rules{});
    using Returned = decltype(call<In>(operation, deps, std::declval<Context&>(), std::declval<In>()));
    if constexpr (is_task<Returned>) {
        route->run = [deps = std::move(deps), operation, success = endpoint.success](
                         Context& context, const Input& input) -> Task<http::Response> {
            Result<In> in = read_input<In>(input);
            if (!in) co_return problem(in.error(), context.request.path, context.request.request_id);
            auto result = co_await call<In>(operation, deps, context, *std::move(in));
            co_return to_response(context, success, result);
        };
    } else {
        auto run = [deps = std::move(deps), operation, success = endpoint.success](Context& context,
                                                                                   const Input& input) {
            Result<In> in = read_input<In>(input);
            if (!in) return problem(in.error(), context.request.path, context.request.request_id);
            auto result = call<In>(operation, deps, context, *std::move(in));
            return to_response(context, success, result);
        };
        if (endpoint.who == Who::anyone && !route->takes_body)
            route->run_at_once = std::move(run);
        else
            route->run = [run = std::move(run)](Context& context, const Input& input) -> Task<http::Response> {
                co_return run(context, input);
            };
    }
    add_route(std::move(route));
}

}  // namespace townhall::api
