#pragma once

#include <string>
#include <string_view>

namespace townhall::importer {

class Arena;

/// A name as it is shown: trimmed, runs of blanks and control characters made one blank, NFC. The input is UTF-8.
[[nodiscard]] std::string clean_text(std::string_view text);
/// The same without a copy where the text is clean already; else in the arena.
[[nodiscard]] std::string_view clean_text(std::string_view text, Arena& arena);

/// A name as it is matched and searched: case folded, accents stripped, apostrophes and full stops dropped, other
/// punctuation and blanks made one blank. "O'Neil-Núñez Jr." becomes "oneil nunez jr".
[[nodiscard]] std::string fold_name(std::string_view text);
[[nodiscard]] std::string_view fold_name(std::string_view text, Arena& arena);

/// The parts of a full name; views into the text. Reads "First Middle Last Suffix" and "Last, First Middle, Suffix",
/// the suffix behind any part.
struct NameParts {
    std::string_view first;
    std::string_view middle;
    std::string_view last;
    std::string_view suffix;
};
[[nodiscard]] NameParts split_full_name(std::string_view text);

}  // namespace townhall::importer
