#include "platform/api/error.hpp"

#include <array>
#include <fmt/format.h>

namespace townhall::api {

const ErrorCode& code_for(int status) {
    static constexpr std::array kByStatus{&kMalformed,
                                          &kUnauthorized,
                                          &kForbidden,
                                          &kNotFound,
                                          &kMethodNotAllowed,
                                          &kNotAcceptable,
                                          &kTimeout,
                                          &kConflict,
                                          &kLengthRequired,
                                          &kPreconditionFailed,
                                          &kTooLarge,
                                          &kTargetTooLong,
                                          &kUnsupportedMedia,
                                          &kInvalid,
                                          &kPreconditionRequired,
                                          &kTooManyRequests,
                                          &kHeadersTooLarge,
                                          &kExpectationFailed,
                                          &kVersionNotSupported,
                                          &kNotImplemented,
                                          &kUnavailable,
                                          &kStorageFull};
    for (const ErrorCode* code : kByStatus) {
        if (code->status == status) return *code;
    }
    return status >= 500 ? kInternal : kMalformed;
}

Error invalid(std::string pointer, std::string code, std::string detail) {
    return {kInvalid, {}, {Fault{Fault::In::body, std::move(pointer), std::move(code), std::move(detail)}}};
}

Error invalid_parameter(std::string name, std::string code, std::string detail) {
    return {kInvalid, {}, {Fault{Fault::In::parameter, std::move(name), std::move(code), std::move(detail)}}};
}

Error unavailable(int retry_after, std::string detail) {
    return Error(kUnavailable, std::move(detail)).with("Retry-After", fmt::format("{}", retry_after));
}

}  // namespace townhall::api
