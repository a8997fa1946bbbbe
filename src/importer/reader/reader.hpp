#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "importer/arena.hpp"
#include "importer/layout/plan.hpp"
#include "importer/reader/scanner.hpp"

namespace townhall::importer {

class Source;

/// One record as it stands in the file; views live until the next call of Reader::next().
struct RawRecord {
    std::uint64_t line = 0;
    std::uint64_t byte_offset = 0;
    std::string_view text;                     // without its line end
    std::span<const std::string_view> fields;  // without their quotes
};

enum class ReadFault { quote, field_too_long, record_too_long, too_many_columns };

/// A stretch of the file that could not be read as a record; reading goes on at the line behind it.
struct RawFault {
    std::uint64_t line = 0;
    std::uint64_t byte_offset = 0;
    ReadFault kind = ReadFault::quote;
    std::size_t column = 0;  // from 0
    std::string text;        // bounded by Limits::max_fault_text
};

/// Cuts one member's bytes into records: RFC 4180, and what real files make of it.
///  - Lines end in LF or CRLF (or CR alone, when the dialect says so); the last may have no end; empty ones are passed
///  over.
///  - A quote opens a quoted field only at its start; elsewhere it is a character. Blanks behind a closing quote are
///  dropped.
///  - Inside a quoted field, a quote that neither closes it nor is escaped is a character, as long as the field closes
///  on
///    the same line.
///  - A quoted field that crosses a line and then meets such a quote, that goes on for more lines than the limit, or
///    that never closes, began with a stray quote: one fault, and reading goes on at the line behind the stray quote.
/// Memory is bounded by Limits::max_record, whatever the input.
class Reader {
  public:
    enum class Outcome { record, fault, end };

    /// The source must outlive the reader and stand at `byte_offset`, the start of line `line`.
    Reader(Source& source, const Dialect& dialect, const Limits& limits, std::uint64_t byte_offset = 0,
           std::uint64_t line = 1);

    /// Bytes (at most 64) that were taken from the source already and come before the rest. Call before next().
    void prime(std::string_view bytes);

    Outcome next();
    [[nodiscard]] const RawRecord& record() const { return record_; }
    [[nodiscard]] const RawFault& fault() const { return fault_; }

    /// Whether the last record spans lines, so that it may be several that a stray quote holds together.
    [[nodiscard]] bool spans_lines() const { return record_lines_ > 1; }
    /// Whether a quote opens any of the last record's fields.
    [[nodiscard]] bool has_quoted_field() const { return has_quoted_field_; }
    /// Gives the last record back: fault() is its first line then, and reading goes on behind that line.
    void resynchronise();

    /// Where the next record begins.
    [[nodiscard]] std::uint64_t byte_offset() const {
        return buffer_offset_ + static_cast<std::uint64_t>(next_ - buffer_.get());
    }
    [[nodiscard]] std::uint64_t line() const { return line_; }

  private:
    enum class Step { done, more, fault };

    Step parse();
    Step parse_fields(const char* p, bool quotes);
    Step quoted_field(const char*& p);
    Step close_quoted(const char* open, const char* close, bool escaped, const char*& p);
    [[nodiscard]] bool is_escaped(const char* open, const char* quote) const;
    [[nodiscard]] bool closes(const char* after) const;
    std::string_view unescape(std::string_view field);
    bool add_field(std::string_view field);
    bool refill();
    bool skip_empty_line();
    void finish_record(const char* end);
    [[nodiscard]] bool is_beyond(const char* at) const {
        return static_cast<std::size_t>(at - next_) > limits_.max_record;
    }
    Step set_fault(ReadFault kind, const char* resume_from);
    Step set_too_long();
    Outcome take_fault();
    void skip_line_from(const char* from);

    Source& source_;
    Dialect dialect_;
    Limits limits_;
    Scanner scanner_;
    Arena arena_;
    std::size_t piece_;  // so much is read at once
    std::size_t capacity_;
    std::unique_ptr<char[]> buffer_;
    std::vector<std::string_view> fields_;
    std::size_t field_count_ = 0;
    const char* next_;  // the start of the next record
    const char* end_;   // of the bytes in the buffer
    std::uint64_t buffer_offset_;
    std::uint64_t line_;
    std::uint64_t record_lines_ = 1;
    bool has_quoted_field_ = false;
    bool ended_ = false;  // the source has no more
    const char* resume_from_ = nullptr;
    RawRecord record_;
    RawFault fault_;
};

}  // namespace townhall::importer
