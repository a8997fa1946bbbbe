#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <optional>
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

/// "DEBUG" … "CRITICAL", as LOG_LEVEL has them.
[[nodiscard]] std::string_view name_of(Level level);
[[nodiscard]] std::optional<Level> level_of(std::string_view name);

/// One `"name": value` pair of a log line; without a name it is left out. Holds views: it lives only for the call.
/// The name is a constant of our source, of letters and underscores: it is written as it is.
struct Field {
    std::string_view name;
    std::variant<std::int64_t, double, bool, std::string_view, std::chrono::nanoseconds> value;

    Field(std::string_view n, std::string_view v) : name(n), value(v) {}
    Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
    Field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
    Field(std::string_view n, bool v) : name(n), value(v) {}
    Field(std::string_view n, double v) : name(n), value(v) {}
    /// Written in milliseconds, with three decimals.
    Field(std::string_view n, std::chrono::nanoseconds v) : name(n), value(v) {}
    template <class Integer>
        requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>)
    Field(std::string_view n, Integer v) : name(n), value(static_cast<std::int64_t>(v)) {}
};

using Fields = std::initializer_list<Field>;

/// Sets the lowest level that is written. From any thread.
void set_level(Level lowest);
[[nodiscard]] Level level();

/// Whether lines of this level are written: ask before building costly fields.
[[nodiscard]] bool enabled(Level level);

/// Writes one line. Thread-safe; never throws; never waits for who reads it. Lines below warning may be buffered for at
/// most 200 ms, and those of different threads may come out of order by as much; warning and above reach the file at
/// once. When the output stands still, or the disk is full, lines are dropped, counted, and the count is logged later.
void log(Level level, std::string_view message, Fields fields = {});

inline void debug(std::string_view message, Fields fields = {}) { log(Level::debug, message, fields); }
inline void info(std::string_view message, Fields fields = {}) { log(Level::info, message, fields); }
inline void warning(std::string_view message, Fields fields = {}) { log(Level::warning, message, fields); }
inline void error(std::string_view message, Fields fields = {}) { log(Level::error, message, fields); }
inline void critical(std::string_view message, Fields fields = {}) { log(Level::critical, message, fields); }

/// An error line about something thrown, with `type`, `trace` (where it was thrown, and through which coroutines it
/// came) and `fingerprint` (the same for the same type and trace, in every run). Never the exception's text, which may
/// quote a person's data. The trace is put into words by a thread of the log's: the line may come half a second late.
void failure(std::string_view message, const std::exception_ptr& thrown, Fields fields = {});

/// Writes out what is buffered; waits for a second at most for who reads it. Called at exit.
void flush();

/// Since the start.
struct LogStats {
    std::uint64_t bytes = 0;    // handed to the output
    std::uint64_t dropped = 0;  // lines that nobody will read
};
[[nodiscard]] LogStats log_stats();

}  // namespace townhall::observe
