#pragma once

#include <cstddef>
#include <string_view>

namespace townhall::importer {

/// How the bytes of a table are read. The first takes a row that is not UTF-8 for Windows-1252: the choice where a
/// file's sample is plain ASCII and tells nothing.
enum class Encoding { utf8_or_windows1252, utf8, utf16le, utf16be, windows1252 };
[[nodiscard]] std::string_view to_string(Encoding encoding);

/// How a table's text is cut into rows and fields.
struct Dialect {
    char delimiter = ',';
    char quote = '"';      // '\0': none
    char escape = '"';     // how a quote stands inside a quoted field: the quote itself, or a backslash before it
    char line_end = '\n';  // '\n' (with or without '\r' before it), or '\r' alone
    bool has_header = true;
    bool skip_blanks = false;     // a blank after the delimiter belongs to neither field
    bool lenient_quotes = false;  // quotes are not known to be in use: one that does not close is a character
    std::size_t skip_bytes = 0;   // before the first row: a byte order mark, "sep=;", a title
    std::size_t skip_lines = 0;

    friend bool operator==(const Dialect&, const Dialect&) = default;
};

}  // namespace townhall::importer
