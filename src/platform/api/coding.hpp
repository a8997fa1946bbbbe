#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// Content codings (RFC 9110, section 8.4.1): choosing one, and compressing.
namespace townhall::api {

enum class Coding : std::uint8_t { identity, gzip, br };

/// The best of the codings that `accept_encoding` allows: by its weights, and among equals br, then gzip. Only identity
/// where it is empty, or allows nothing that we have (RFC 9110, section 12.5.3).
[[nodiscard]] Coding choose_coding(std::string_view accept_encoding, bool has_gzip, bool has_br);

[[nodiscard]] std::string_view to_string(Coding coding);   // of Content-Encoding; empty for identity
[[nodiscard]] std::string_view tag_suffix(Coding coding);  // of the form's entity tag, see etag.hpp

/// `level` 1 to 9; about 15 ms and 60 ms per MiB. Throws std::bad_alloc.
[[nodiscard]] std::string gzip(std::string_view bytes, int level);

/// `quality` 0 to 11; at 5 about 20 ms per MiB, at 11 two seconds. Throws std::bad_alloc.
[[nodiscard]] std::string brotli(std::string_view bytes, int quality);

/// Compresses bytes that come piece by piece, quickly rather than well.
class GzipStream {
  public:
    explicit GzipStream(int level = 1);
    ~GzipStream();
    GzipStream(GzipStream&&) noexcept;
    GzipStream& operator=(GzipStream&&) = delete;

    /// Appends what is ready to `out`; with `last` everything that is left, after which there is no more.
    void add(std::string_view bytes, bool last, std::string& out);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace townhall::api
