#pragma once

#include <array>
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/api/cors.hpp"
#include "platform/api/endpoint.hpp"
#include "platform/api/etag.hpp"
#include "platform/api/limits.hpp"
#include "platform/guard/authenticator.hpp"
#include "platform/http/message.hpp"
#include "platform/http/uri.hpp"

namespace townhall::api {

/// One path parameter of a matched route.
using PathValues = std::vector<std::pair<std::string_view, std::string>>;

/// What a request brings to its operation, before it is checked against the operation's type.
struct Input {
    const PathValues& path;
    const http::QueryPairs& query;
    const json::Value* body;  // null where the endpoint takes none
};

/// What is known of a route without its types: enough for routing and for the OpenAPI document.
struct Route {
    Verb verb;
    std::string_view path;
    std::string_view summary;
    Who who;
    Role role;
    int success;
    int other_success;
    std::vector<const ErrorCode*> errors;
    std::uint64_t body_limit;
    bool takes_body;            // JSON
    std::string_view raw_body;  // OpenAPI, where the operation reads the body itself
    bool has_etag;
    bool secret;
    bool needs_if_match;        // its errors hold 428
    std::string input_schema;   // OpenAPI: schema of the body, "" for none
    std::string parameters;     // OpenAPI: list of parameters
    std::string output_schema;  // OpenAPI: schema of the answer, "" for none
    std::string_view out_type;
    std::string_view policy;
    bool embeddable;
    bool idempotent_post;
    // One of the two. What waits for nothing, reads no body and is for anyone costs no coroutine.
    std::function<Task<http::Response>(Context&, const Input&)> run;
    std::function<http::Response(Context&, const Input&)> run_at_once;
    std::vector<std::string_view> segments;
    std::array<std::string, 2> common_fields;  // of its answers: plain, and by TLS
};

/// Named schemas of the OpenAPI document, gathered as routes are added.
class Components {
  public:
    /// A reference to the schema of that name, made once by `make` (which may recurse).
    std::string reference(std::string_view name, const std::function<std::string()>& make);
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return schemas_; }

  private:
    std::vector<std::pair<std::string, std::string>> schemas_;
};

/// Finds the endpoint of a request, checks who asks, reads and checks the input, runs the operation, writes the answer.
/// Built once at start, then only read: any thread.
class Router final : public http::Handler {
  public:
    explicit Router(const guard::Authenticator& authenticator, Cors cors = {});

    /// Serves an endpoint. `operation` is called as (deps, Principal, In), (deps, In), (deps, Context&, In) or
    /// (deps, Context&), and gives Task<Result<Out>>, Task<Result<Answer<Out>>> or Task<Result<http::Response>>; or,
    /// where it waits for nothing, the result itself.
    template <class In, class Out, class Deps, class Operation>
    void add(const Endpoint<In, Out>& endpoint, Deps deps, Operation operation);

    Task<http::Response> handle(http::Request& request) override;
    http::Response refuse(int status, std::string_view detail, const http::Request& request) override;

    /// Before the first request. `limits` outlives the router; without it there are none.
    void set_limits(Limits& limits) { limits_ = &limits; }

    /// Before the first request. `look` reads again who may do what: a campaign may have been made, by any process,
    /// since that was last read. Without it what is known holds.
    void set_second_look(std::function<Task<void>()> look) { second_look_ = std::move(look); }

    [[nodiscard]] const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }
    [[nodiscard]] const Components& components() const { return components_; }

  private:
    struct Match {
        const Route* route = nullptr;
        PathValues values;
        std::string allow;  // methods of the path, when the request's was none of them
    };

    void add_route(std::unique_ptr<Route> route);
    [[nodiscard]] Match find(Verb verb, std::string_view path) const;
    [[nodiscard]] static bool matches(const Route& route, std::string_view path, PathValues& values);
    [[nodiscard]] http::Response without_route(const http::Request& request, const Match& match) const;
    [[nodiscard]] bool let_in(const Match& match, const http::Request& request, Permit& permit, Limits::Taken& taken,
                              http::Response& refusal) const;
    [[nodiscard]] http::Response serve_at_once(const Match& match, http::Request& request, Permit& permit) const;
    Task<http::Response> serve_or_fail(const Match& match, http::Request& request, Permit& permit) const;
    Task<http::Response> serve(const Match& match, http::Request& request, Permit& permit) const;

    const guard::Authenticator& authenticator_;
    const Cors cors_;
    Limits* limits_ = nullptr;
    std::function<Task<void>()> second_look_;
    std::array<std::string, 2> common_fields_;  // of answers without a route: plain, and by TLS
    std::vector<std::unique_ptr<Route>> routes_;
    std::unordered_map<std::string_view, std::vector<const Route*>> fixed_;  // paths without parameters
    std::vector<const Route*> with_parameters_;
    Components components_;
};

/// The problem+json answer of an error. `instance` is the request's path, decoded.
[[nodiscard]] http::Response problem(const Error& error, std::string_view instance, std::string_view request_id);

/// Writes an answer's status, ETag and headers. What is read under a condition turns into 412 where it has none of the
/// tags of `If-Match`, and into 304 where the client has it already.
[[nodiscard]] bool is_reading(const Context& context);  // GET or HEAD
void finish(http::Response& response, const Context& context, int status, std::string etag,
            std::vector<std::pair<std::string, std::string>> headers);

}  // namespace townhall::api

#include "platform/api/route_of.hpp"
