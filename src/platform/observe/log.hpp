#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

/// Structured logs: one JSON object a line on standard error (or in a file), with level, time (RFC 3339, UTC), message,
/// and typed fields. Values are escaped, so CR, LF and ESC can't forge a line.
///
/// Never log a secret, a person's data, a query string, or an error text of PostgreSQL's that may quote values.
namespace townhall::observe {

enum class Level : std::uint8_t { debug, info, warning, error, critical };

/// One `"name": value` pair of a log line. Holds views: it lives only for the call.
struct Field {
    std::string_view name;
    std::variant<std::int64_t, double, bool, std::string_view> value;

    Field(std::string_view n, std::string_view v) : name(n), value(v) {}
    Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
    Field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
    Field(std::string_view n, bool v) : name(n), value(v) {}
    Field(std::string_view n, double v) : name(n), value(v) {}
    template <class Integer>
        requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>)
    Field(std::string_view n, Integer v) : name(n), value(static_cast<std::int64_t>(v)) {}
};

using Fields = std::initializer_list<Field>;

/// Sets the lowest level that is written. Call once at start, before other threads.
void set_level(Level lowest);

/// Where lines go in place of standard error: a file that is renamed to `<file>.1` (and that to `.2`, up to `keep`)
/// before it would grow past `max_bytes`. False, with the output unchanged, when it can't be opened.
[[nodiscard]] bool set_file(const std::filesystem::path& file, std::uint64_t max_bytes = 64 * 1024 * 1024,
                            int keep = 5);

/// Whether lines of this level are written: ask before building costly fields.
[[nodiscard]] bool enabled(Level level);

/// Writes one line. Thread-safe; never throws; never blocks on the network. Lines below warning may be buffered for at
/// most 200 ms; warning and above reach the file at once. When the output stands still, lines that don't fit in 8 MiB
/// are dropped, counted, and the count is logged later.
void log(Level level, std::string_view message, Fields fields = {});

inline void debug(std::string_view message, Fields fields = {}) { log(Level::debug, message, fields); }
inline void info(std::string_view message, Fields fields = {}) { log(Level::info, message, fields); }
inline void warning(std::string_view message, Fields fields = {}) { log(Level::warning, message, fields); }
inline void error(std::string_view message, Fields fields = {}) { log(Level::error, message, fields); }
inline void critical(std::string_view message, Fields fields = {}) { log(Level::critical, message, fields); }

/// Writes out what is buffered. Called at exit.
void flush();

}  // namespace townhall::observe
