#pragma once

#include <string>
#include <string_view>

#include "platform/observe/log.hpp"

namespace townhall::observe {

/// Strings longer than this are cut in a log line.
inline constexpr std::size_t kMaxLogString = 8 * 1024;

/// Appends `text` as a JSON string, quotes included. Control characters (C0, DEL, C1) are escaped, so that a terminal
/// showing the line obeys none, as are the characters that turn the direction of text (a line must not read other than
/// it is); each maximal ill-formed part of UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// Appends one line of the log, line feed included. `time` is RFC 3339 text.
void append_line(std::string& out, std::string_view time, Level level, std::string_view message, Fields fields);

/// The time of day, RFC 3339 UTC to the millisecond: 24 characters. Valid until the thread's next call.
[[nodiscard]] std::string_view time_text();

}  // namespace townhall::observe
