#include <fmt/format.h>

#include "platform/api/json.hpp"
#include "platform/api/path_reference.hpp"
#include "platform/api/router.hpp"

namespace townhall::api {

namespace {

/// Every problem has a detail: where nobody wrote one, what its kind always means.
std::string detail_of(const Error& error) {
    if (!error.detail.empty()) return error.detail;
    if (!error.faults.empty())
        return fmt::format("{} fault{} in the input; see errors.", error.faults.size(),
                           error.faults.size() == 1 ? "" : "s");
    return fmt::format("{}.", error.code.title);
}

}  // namespace

http::Response problem(const Error& error, std::string_view instance, std::string_view request_id) {
    http::Response response;
    response.status = error.code.status;
    response.content_type = "application/problem+json";
    response.problem = error.code.code;
    std::string& out = response.body;
    out = fmt::format(R"({{"type":"urn:townhall:problem:{}","title":"{}","status":{})", error.code.code,
                      error.code.title, error.code.status);
    out += R"(,"detail":)";
    json::write_string(out, detail_of(error));
    if (!instance.empty()) {
        out += R"(,"instance":)";
        json::write_string(out, path_reference(instance));
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

}  // namespace townhall::api
