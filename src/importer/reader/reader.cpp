#include "importer/reader/reader.hpp"

#include <algorithm>
#include <cstring>

#include "importer/source/source.hpp"

namespace townhall::importer {

namespace {
constexpr std::size_t kPad = 64;  // what the scanner may read behind the end
constexpr std::uint64_t kLeastPiece = 4 * 1024;
constexpr std::uint64_t kMostPiece = 256 * 1024;  // stays in the second-level cache
}  // namespace

Reader::Reader(Source& source, const Dialect& dialect, const Limits& limits, std::uint64_t byte_offset,
               std::uint64_t line)
    : source_(source),
      dialect_(dialect),
      limits_(limits),
      // Without quotes the scanner looks for line ends twice.
      scanner_(dialect.delimiter, dialect.quote == '\0' ? dialect.line_end : dialect.quote, dialect.line_end),
      piece_(std::clamp(source.bytes_total(), kLeastPiece, kMostPiece)),
      capacity_(limits.max_record + piece_),
      // Not zeroed: most of it is touched only where a record is long.
      buffer_(std::make_unique_for_overwrite<char[]>(capacity_ + kPad)),
      fields_(limits.max_columns),
      next_(buffer_.get()),
      end_(buffer_.get()),
      buffer_offset_(byte_offset),
      line_(line) {
    std::memset(buffer_.get(), 0, kPad);
    scanner_.reset(next_, end_);
}

void Reader::prime(std::string_view bytes) {
    std::copy(bytes.begin(), bytes.end(), buffer_.get());
    end_ = buffer_.get() + bytes.size();
    std::memset(buffer_.get() + bytes.size(), 0, kPad);
    scanner_.reset(buffer_.get(), end_);
}

/// Moves what is left to the front and reads on. False when nothing came: the file ended or the record fills the
/// buffer.
bool Reader::refill() {
    if (ended_) return false;
    const auto left = static_cast<std::size_t>(end_ - next_);
    if (left > limits_.max_record) return false;
    const auto done = static_cast<std::size_t>(next_ - buffer_.get());
    std::memmove(buffer_.get(), next_, left);
    buffer_offset_ += done;
    next_ = buffer_.get();
    char* end = buffer_.get() + left;
    // Records of ordinary size want little memory: the buffer is used whole only where a record needs it.
    const std::size_t room = std::min(capacity_, left + piece_) - left;
    const std::size_t got = source_.read(end, room);
    ended_ = got == 0;
    end_ = end + got;
    std::memset(end + got, 0, kPad);
    scanner_.reset(buffer_.get(), end_);
    return got > 0;
}

Reader::Outcome Reader::next() {
    while (true) {
        if (next_ == end_ && !refill()) return Outcome::end;
        if (skip_empty_line()) continue;
        switch (parse()) {
            case Step::done:
                return Outcome::record;
            case Step::fault:
                return take_fault();
            case Step::more:
                if (refill() || ended_) break;
                set_too_long();
                return take_fault();
        }
    }
}

bool Reader::skip_empty_line() {
    const char* p = next_;
    if (*p == '\r' && dialect_.line_end == '\n') ++p;
    if (p == end_ ? !ended_ || p == next_ : *p != dialect_.line_end) return false;
    next_ = p == end_ ? p : p + 1;
    ++line_;
    return true;
}

Reader::Step Reader::parse() {
    const Step step = parse_fields(next_, dialect_.quote != '\0');
    if (step == Step::fault && fault_.kind == ReadFault::quote && dialect_.lenient_quotes)
        return parse_fields(next_, false);
    return step;
}

bool Reader::add_field(std::string_view field) {
    if (field_count_ == fields_.size()) {
        set_fault(ReadFault::too_many_columns, field.data());
        return false;
    }
    if (field.size() > limits_.max_field) {
        set_fault(ReadFault::field_too_long, field.data());
        return false;
    }
    fields_[field_count_++] = field;
    return true;
}

Reader::Step Reader::parse_fields(const char* p, bool quotes) {
    field_count_ = 0;
    record_lines_ = 1;
    has_quoted_field_ = false;
    arena_.reset();
    while (true) {
        if (dialect_.skip_blanks)
            while (p < end_ && *p == ' ') ++p;
        const char* stop = p;
        if (quotes && p < end_ && *p == dialect_.quote) {
            if (const Step step = quoted_field(stop); step != Step::done) return step;
        } else {
            stop = scanner_.separator(p);
            if (is_beyond(stop)) return set_too_long();
            if (stop == end_ && !ended_) return Step::more;
            const bool crlf = stop > p && stop[-1] == '\r' && (stop == end_ || *stop == dialect_.line_end);
            if (!add_field({p, static_cast<std::size_t>(stop - p) - (crlf ? 1 : 0)})) return Step::fault;
        }
        if (stop < end_ && *stop == dialect_.delimiter) {
            p = stop + 1;
            continue;
        }
        finish_record(stop);
        return Step::done;
    }
}

/// `after` stands behind a quote: whether a field ends here, blanks aside.
bool Reader::closes(const char* after) const {
    while (after < end_ && (*after == ' ' || *after == '\t') && *after != dialect_.delimiter) ++after;
    if (after == end_ || *after == dialect_.delimiter || *after == dialect_.line_end) return true;
    return *after == '\r' && (after + 1 == end_ || after[1] == dialect_.line_end);
}

bool Reader::is_escaped(const char* open, const char* quote) const {
    if (dialect_.escape != '\\') return false;
    std::size_t slashes = 0;
    while (quote - 1 - slashes > open && quote[-1 - static_cast<std::ptrdiff_t>(slashes)] == '\\') ++slashes;
    return slashes % 2 == 1;
}

/// Reads the quoted field that begins at `p` and leaves `p` at the delimiter or line end behind it.
Reader::Step Reader::quoted_field(const char*& p) {
    const char* const open = p;
    const char* at = open + 1;
    bool escaped = false;
    bool stray = false;
    std::size_t lines = 0;
    while (true) {
        at = scanner_.quote_or_line_end(at);
        if (is_beyond(at)) return set_too_long();
        if (at == end_) return ended_ ? set_fault(ReadFault::quote, open) : Step::more;
        if (static_cast<std::size_t>(at - open) > limits_.max_field + 1)
            return set_fault(lines > 0 ? ReadFault::quote : ReadFault::field_too_long, open);
        if (*at == dialect_.line_end) {
            ++at;
            if (stray || ++lines >= limits_.max_quoted_lines) return set_fault(ReadFault::quote, open);
            continue;
        }
        if (is_beyond(at + 1)) return set_too_long();
        if (at + 1 == end_ && !ended_) return Step::more;
        if (is_escaped(open, at) || (at + 1 < end_ && at[1] == dialect_.quote)) {
            escaped = true;
            at += at[1] == dialect_.quote && !is_escaped(open, at) ? 2 : 1;
            continue;
        }
        const bool clear = at + 1 < end_ && (at[1] == dialect_.delimiter || at[1] == dialect_.line_end);
        // Blanks may follow: a line end must be in sight.
        if (!clear) {
            const char* const next = scanner_.separator(at + 1);
            if (is_beyond(next)) return set_too_long();
            if (next == end_ && !ended_) return Step::more;
        }
        if (clear || closes(at + 1)) {
            record_lines_ += lines;
            return close_quoted(open, at, escaped, p);
        }
        if (lines > 0) return set_fault(ReadFault::quote, open);
        stray = true;
        ++at;
    }
}

Reader::Step Reader::close_quoted(const char* open, const char* close, bool escaped, const char*& p) {
    const std::string_view inside(open + 1, static_cast<std::size_t>(close - open - 1));
    if (!add_field(inside)) return Step::fault;
    has_quoted_field_ = true;
    if (escaped) fields_[field_count_ - 1] = unescape(inside);
    p = scanner_.separator(close + 1);
    return Step::done;
}

std::string_view Reader::unescape(std::string_view field) {
    char* out = arena_.take(field.size());
    std::size_t size = 0;
    for (std::size_t i = 0; i < field.size(); ++i) {
        const char c = field[i];
        const char after = i + 1 < field.size() ? field[i + 1] : '\0';
        const bool pair = (c == dialect_.quote && after == c) ||
                          (c == '\\' && dialect_.escape == c && (after == dialect_.quote || after == c));
        if (pair) ++i;
        out[size++] = pair ? after : c;
    }
    arena_.shrink(out, size);
    return {out, size};
}

/// `end`: the line end or the end of the file.
void Reader::finish_record(const char* end) {
    const char* stop = end > next_ && end[-1] == '\r' && dialect_.line_end == '\n' ? end - 1 : end;
    record_.line = line_;
    record_.byte_offset = byte_offset();
    record_.text = {next_, static_cast<std::size_t>(stop - next_)};
    record_.fields = {fields_.data(), field_count_};
    line_ += record_lines_;
    next_ = end == end_ ? end : end + 1;
}

Reader::Step Reader::set_fault(ReadFault kind, const char* resume_from) {
    fault_.kind = kind;
    fault_.column = field_count_;
    resume_from_ = resume_from;
    return Step::fault;
}

/// Where a record that is too long is given up depends on its bytes alone, never on how they came: a reader that goes
/// on at some row must see the rows that the first one saw.
Reader::Step Reader::set_too_long() { return set_fault(ReadFault::record_too_long, next_ + limits_.max_record); }

Reader::Outcome Reader::take_fault() {
    fault_.line = line_;
    fault_.byte_offset = byte_offset();
    skip_line_from(resume_from_);
    return Outcome::fault;
}

void Reader::resynchronise() {
    line_ = record_.line;
    next_ = record_.text.data();
    fault_.column = 0;
    fault_.kind = ReadFault::quote;
    fault_.line = line_;
    fault_.byte_offset = record_.byte_offset;
    skip_line_from(next_);
}

/// Passes over everything up to the first line end at or behind `from`, keeping the beginning as the fault's text.
void Reader::skip_line_from(const char* from) {
    fault_.text.clear();
    const auto keep = [&](const char* begin, const char* end) {
        const std::size_t room = limits_.max_fault_text - fault_.text.size();
        fault_.text.append(begin, std::min(room, static_cast<std::size_t>(end - begin)));
    };
    const char* start = next_;
    while (true) {
        line_ += static_cast<std::uint64_t>(std::count(next_, from, dialect_.line_end));
        const auto* found =
            static_cast<const char*>(std::memchr(from, dialect_.line_end, static_cast<std::size_t>(end_ - from)));
        keep(start, found == nullptr ? end_ : found);
        next_ = found == nullptr ? end_ : found + 1;
        if (found != nullptr || !refill()) break;
        start = from = next_;
    }
    ++line_;
    if (fault_.text.ends_with('\r')) fault_.text.pop_back();
}

}  // namespace townhall::importer
