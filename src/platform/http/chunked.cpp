#include "platform/http/chunked.hpp"

#include <algorithm>
#include <cstring>

namespace townhall::http {
namespace {

constexpr std::uint64_t kLargestChunk = std::uint64_t{1} << 60U;
constexpr std::size_t kMostDigits = 16;
constexpr std::size_t kMostExtensionBytes = 4 * 1024;
constexpr std::size_t kMostTrailerBytes = 8 * 1024;

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_plain(char c) { return c == '\t' || (c >= 0x20 && c < 0x7f); }

}  // namespace

ChunkDecoder::Step ChunkDecoder::decode(std::string_view input, std::span<char> into) {
    Step done;
    while (done.consumed < input.size() && fault_ == nullptr && state_ != State::finished) {
        if (state_ != State::data) {
            step(input[done.consumed++]);
            continue;
        }
        const std::size_t room = into.size() - done.produced;
        const auto count = static_cast<std::size_t>(
            std::min<std::uint64_t>({left_, static_cast<std::uint64_t>(input.size() - done.consumed), room}));
        if (count == 0) break;  // no room
        std::memcpy(into.data() + done.produced, input.data() + done.consumed, count);
        done.consumed += count;
        done.produced += count;
        took(count);
    }
    return done;
}

void ChunkDecoder::took(std::uint64_t bytes) {
    left_ -= bytes;
    if (left_ == 0) state_ = State::data_cr;
}

void ChunkDecoder::step(char c) {
    switch (state_) {
        case State::size_first:
        case State::size:
            return in_size(c);
        case State::extension:
            return in_extension(c);
        case State::size_lf:
            return c == '\n' ? after_size() : fail("A chunk's size line ends without LF.");
        case State::data_cr:
            if (c != '\r') return fail("A chunk is longer than its size.");
            state_ = State::data_lf;
            return;
        case State::data_lf:
            if (c != '\n') return fail("A chunk is longer than its size.");
            state_ = State::size_first;
            return;
        case State::trailer_first:
        case State::trailer:
            return in_trailer(c);
        case State::trailer_lf:
            if (c != '\n') return fail("A trailer line ends without LF.");
            state_ = State::trailer_first;
            return;
        case State::last_lf:
            if (c != '\n') return fail("The body ends without LF.");
            state_ = State::finished;
            return;
        case State::data:
        case State::finished:
            return;
    }
}

void ChunkDecoder::in_size(char c) {
    if (const int digit = hex_value(c); digit >= 0) {
        if (state_ == State::size_first) left_ = digits_ = 0;
        if (left_ >= kLargestChunk / 16 || ++digits_ > kMostDigits) return fail("A chunk is too large.");
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        state_ = State::size;
    } else if (state_ == State::size_first) {
        fail("A chunk has no size.");
    } else if (c == '\r') {
        state_ = State::size_lf;
    } else if (c == ';') {
        state_ = State::extension;
    } else {
        fail("A chunk's size is malformed.");
    }
}

void ChunkDecoder::in_extension(char c) {
    if (c == '\r') {
        state_ = State::size_lf;
    } else if (!is_plain(c) || ++extension_bytes_ > kMostExtensionBytes) {
        fail("A chunk extension is malformed or too long.");
    }
}

void ChunkDecoder::after_size() { state_ = left_ == 0 ? State::trailer_first : State::data; }

void ChunkDecoder::in_trailer(char c) {
    if (c == '\r') {
        state_ = state_ == State::trailer_first ? State::last_lf : State::trailer_lf;
        return;
    }
    const bool folded = state_ == State::trailer_first && (c == ' ' || c == '\t');
    const bool high = static_cast<unsigned char>(c) >= 0x80;
    if (folded || !(is_plain(c) || high) || ++trailer_bytes_ > kMostTrailerBytes) {
        return fail("A trailer is malformed or too long.");
    }
    state_ = State::trailer;
}

}  // namespace townhall::http
