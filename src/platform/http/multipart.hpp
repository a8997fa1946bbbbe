#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/message.hpp"
#include "platform/task.hpp"

namespace townhall::http {

/// What a part's header says. Nothing of it may be trusted: `filename` is kept as sent (it may hold path separators).
struct Part {
    std::string name;
    std::optional<std::string> filename;
    std::string content_type;  // empty when absent
};

/// Reads a part's header fields (without the closing empty line). Nothing when there is no usable Content-Disposition.
[[nodiscard]] std::optional<Part> parse_part_header(std::string_view fields);

/// The boundary of a `multipart/form-data` content type, or nothing when the type is another or the boundary isn't one
/// (RFC 2046, section 5.1.1: 1 to 70 characters).
[[nodiscard]] std::optional<std::string> multipart_boundary(std::string_view content_type);

/// Reads `multipart/form-data` (RFC 7578) as it arrives, with one buffer of a constant size.
///
/// Broken input throws `BodyError{400}`; what the body's reader throws passes through.
class MultipartReader {
  public:
    struct Bounds {
        std::size_t part_header_bytes = 8 * 1024;
        std::size_t parts = 100;
        std::size_t preamble_bytes = 8 * 1024;  // before the first boundary
    };

    /// `body` must outlive the reader.
    MultipartReader(BodyReader& body, std::string_view boundary, Bounds bounds);
    MultipartReader(BodyReader& body, std::string_view boundary) : MultipartReader(body, boundary, Bounds{}) {}

    /// Skips what is left of the current part, and reads the next one's header. Nothing: that was the last one.
    Task<std::optional<Part>> next_part();

    /// Reads at least one byte of the current part's data into `into`; 0 means the part's end.
    Task<std::size_t> read(std::span<char> into);

  private:
    enum class State : std::uint8_t { preamble, data, ended };

    [[nodiscard]] std::string_view held() const { return {buffer_.data() + begin_, end_ - begin_}; }
    void drop(std::size_t bytes) { begin_ += bytes; }
    bool find_plain();
    Task<void> more();
    Task<void> to_delimiter();
    Task<bool> another_part();
    Task<Part> read_part_header();
    Task<void> read_epilogue();

    BodyReader& body_;
    std::string delimiter_;  // CRLF "--" boundary
    Bounds bounds_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t plain_ = 0;  // bytes at `begin_` that are known to lie before the next delimiter
    std::size_t parts_ = 0;
    State state_ = State::preamble;
};

}  // namespace townhall::http
