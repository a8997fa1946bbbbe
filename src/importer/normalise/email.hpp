#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace townhall::importer {

class Arena;

/// The address trimmed, with its domain in lower case; nothing where its shape is wrong (RFC 5321 sizes, one '@',
/// a dot-atom before it, at least two labels after it). Quoted local parts are refused.
[[nodiscard]] std::optional<std::string> parse_email(std::string_view text);
/// The same without a copy where nothing changes; else in the arena. Empty where the shape is wrong.
[[nodiscard]] std::string_view parse_email(std::string_view text, Arena& arena);

}  // namespace townhall::importer
