#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "platform/api/coding.hpp"
#include "platform/api/endpoint.hpp"
#include "platform/http/message.hpp"

namespace townhall::api {

/// An answer that many clients get byte for byte. Made once, then only read, by any thread: the body as it is, and with
/// gzip and br where they are shorter, each with its own entity tag and its part of the header written out.
///
///     const Cached services(encoded, {.cache_control = "public, max-age=60"});    // on the CPU pool, or at the start
///     …
///     return services.answer(context);                                            // Result<http::Response>
///
/// The endpoint says `.has_etag = true`. Copies share what they hold, so that one may be replaced while answers of it
/// are still being sent.
class Cached {
  public:
    struct Kind {
        std::string_view content_type = "application/json";
        std::string_view cache_control = "public, no-cache";
        std::string_view link = {};  // RFC 8288, of a list that has a next page
        bool quick = false;  // where many are made at once: compressed in a hundredth of the time, a tenth longer
    };

    /// Compresses, for up to 0.1 s (long bodies less well): not for an I/O thread. Throws std::bad_alloc.
    explicit Cached(std::string body) : Cached(std::move(body), Kind()) {}
    Cached(std::string body, const Kind& kind);

    /// 200 in the form that the client likes best, 304 where it has one already, or 412 by `If-Match`. Copies no body.
    [[nodiscard]] http::Response answer(const Context& context) const;

    [[nodiscard]] std::string_view body() const { return full_.front()->body; }
    [[nodiscard]] const std::string& etag() const { return etag_; }

  private:
    using Forms = std::array<std::shared_ptr<const http::Prepared>, 3>;  // by Coding; null where not worth having

    void add_form(Coding coding, std::string body, const Kind& kind);

    std::string etag_;
    Forms full_, unchanged_;
};

}  // namespace townhall::api
