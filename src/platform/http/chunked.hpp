#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace townhall::http {

/// Undoes the chunked transfer coding (RFC 9112, section 7.1), strictly and at constant memory. Pure.
///
/// Extensions are skipped when they are short and plain; trailers are skipped, never merged into the header fields.
class ChunkDecoder {
  public:
    struct Step {
        std::size_t consumed = 0;  // of the input
        std::size_t produced = 0;  // bytes of data written
    };

    /// Decodes until the input or the room ends, or the body does. A fault sticks: see `fault`.
    Step decode(std::string_view input, std::span<char> into);

    /// Data of the current chunk that is still to come. So many bytes may be read past the decoder, then told to
    /// `took`.
    [[nodiscard]] std::uint64_t data_left() const { return state_ == State::data ? left_ : 0; }
    void took(std::uint64_t bytes);

    [[nodiscard]] bool finished() const { return state_ == State::finished; }
    [[nodiscard]] const char* fault() const { return fault_; }  // nullptr: none

  private:
    enum class State : std::uint8_t {
        size_first,
        size,
        extension,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_first,
        trailer,
        trailer_lf,
        last_lf,
        finished
    };

    void step(char c);
    void in_size(char c);
    void in_extension(char c);
    void in_trailer(char c);
    void after_size();
    void fail(const char* why) { fault_ = why; }

    State state_ = State::size_first;
    std::uint64_t left_ = 0;
    std::size_t digits_ = 0;           // of the current size: leading zeros are no way to send for ever
    std::size_t extension_bytes_ = 0;  // of all chunks
    std::size_t trailer_bytes_ = 0;
    const char* fault_ = nullptr;
};

}  // namespace townhall::http
