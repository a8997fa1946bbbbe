#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace townhall::importer {

class Arena;

/// The two-letter code of a US state, district, territory or military "state", from its code or name; empty where it
/// is none.
[[nodiscard]] std::string_view us_state_code(std::string_view text);

/// Whether a country's name or code means the United States; an empty one does not.
[[nodiscard]] bool us_country(std::string_view country);

/// A postal code in its parts. `zip4` is empty unless the code is a ZIP+4.
struct PostalCode {
    std::string zip;
    std::string zip4;
};

/// Reads 27601, 27601-1234, 27601 1234 and 276011234; a leading zero that a spreadsheet took is put back where the
/// state (its code, or empty) has such codes. Codes of other countries (letters, or `country` other than the US) are
/// upper-cased. Nothing where the text is no postal code.
[[nodiscard]] std::optional<PostalCode> parse_postal_code(std::string_view text, std::string_view state = {},
                                                          std::string_view country = {});

/// A single code such as a party or gender: trimmed; in upper case when it has at most four characters.
[[nodiscard]] std::string clean_code(std::string_view text);
[[nodiscard]] std::string_view clean_code(std::string_view text, Arena& arena);

}  // namespace townhall::importer
