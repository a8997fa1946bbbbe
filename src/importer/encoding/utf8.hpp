#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "importer/reader/dialect.hpp"

namespace townhall::importer {

class Arena;

/// What a row's bytes hold besides plain ASCII. One vectorised pass.
struct ByteKinds {
    bool high = false;  // a byte of 0x80 or more
    bool nul = false;
};
[[nodiscard]] ByteKinds byte_kinds(std::string_view bytes);

/// Whether the bytes are UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool valid_utf8(std::string_view bytes);

/// The length of the valid sequence that begins at `at`; 0 where none does.
[[nodiscard]] std::size_t utf8_sequence(std::string_view bytes, std::size_t at);

/// Writes the UTF-8 form of a code point (at most 4 bytes) and returns its length.
std::size_t write_utf8(char32_t code_point, char* out);

/// Windows-1252 as UTF-8: the same view where it is ASCII, else in the arena. The five bytes that the code page leaves
/// undefined are the control characters of Latin-1, as browsers read them (WHATWG Encoding).
[[nodiscard]] std::string_view from_windows1252(std::string_view bytes, Arena& arena);

/// Any row as valid UTF-8 without NUL, for a person to read: at most `limit` bytes, bad bytes as U+FFFD.
[[nodiscard]] std::string readable(std::string_view bytes, Encoding encoding, std::size_t limit);

}  // namespace townhall::importer
