#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/api/endpoint.hpp"
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
    std::vector<const ErrorCode*> errors;
    std::uint64_t body_limit;
    bool takes_body;  // JSON
    bool raw_body;
    std::string input_schema;   // OpenAPI: schema of the body, "" for none
    std::string parameters;     // OpenAPI: list of parameters
    std::string output_schema;  // OpenAPI: schema of the answer, "" for none
    std::string_view out_type;
    bool idempotent_post;
    std::function<Task<http::Response>(Context&, const Input&)> run;
    std::vector<std::string_view> segments;
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
    explicit Router(const guard::Authenticator& authenticator) : authenticator_(authenticator) {}

    /// Serves an endpoint. `operation` is called as (deps, Principal, In), (deps, In), (deps, Context&, In) or
    /// (deps, Context&), and gives Task<Result<Out>>, Task<Result<Answer<Out>>> or Task<Result<http::Response>>.
    template <class In, class Out, class Deps, class Operation>
    void add(const Endpoint<In, Out>& endpoint, Deps deps, Operation operation);

    Task<http::Response> handle(http::Request& request) override;
    http::Response refuse(int status, std::string_view detail, std::string_view request_id) override;

    [[nodiscard]] const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }
    [[nodiscard]] const Components& components() const { return components_; }

    /// Headers that every answer carries.
    void set_common_headers(std::vector<std::pair<std::string, std::string>> headers) { common_ = std::move(headers); }

  private:
    struct Match {
        const Route* route = nullptr;
        PathValues values;
        std::string allow;  // verbs of the path, when the verb was none of them
    };

    void add_route(std::unique_ptr<Route> route);
    [[nodiscard]] Match find(Verb verb, std::string_view path) const;
    [[nodiscard]] static bool matches(const Route& route, std::string_view path, PathValues& values);
    Task<http::Response> serve(const Route& route, http::Request& request, const PathValues& values);

    const guard::Authenticator& authenticator_;
    std::vector<std::unique_ptr<Route>> routes_;
    std::unordered_map<std::string_view, std::vector<const Route*>> fixed_;  // paths without parameters
    std::vector<const Route*> with_parameters_;
    Components components_;
    std::vector<std::pair<std::string, std::string>> common_;
};

/// The problem+json answer of an error.
[[nodiscard]] http::Response problem(const Error& error, std::string_view instance, std::string_view request_id);

/// Writes an answer's status, ETag and headers; turns a fresh copy of what the client has into 304.
void finish(http::Response& response, const Context& context, int status, std::string etag,
            std::vector<std::pair<std::string, std::string>> headers);

}  // namespace townhall::api

#include "platform/api/route_of.hpp"
