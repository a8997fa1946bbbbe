#pragma once

#include <string>
#include <string_view>

namespace townhall::importer {

/// Appends a JSON string (RFC 8259) with its quotes. The text is valid UTF-8.
void append_json_string(std::string& out, std::string_view text);

}  // namespace townhall::importer
