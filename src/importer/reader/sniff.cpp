#include "importer/reader/sniff.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "importer/encoding/utf8.hpp"
#include "importer/normalise/ascii.hpp"
#include "importer/reader/reader.hpp"
#include "importer/source/source.hpp"

namespace townhall::importer {

namespace {

constexpr std::size_t kRecordsLookedAt = 400;
constexpr std::size_t kPreambleLines = 10;

struct Shape {
    std::size_t columns = 0;
    std::size_t bytes_before = 0;
    std::size_t lines_before = 0;
};

/// The sample cut by one dialect.
struct Cut {
    std::vector<Shape> shapes;  // of each record
    std::vector<std::vector<std::string>> rows;
    std::size_t faults = 0;
    std::size_t quoted = 0;  // rows with a field that opens with the quote
};

Cut cut(const SniffInput& input, const Dialect& dialect) {
    const std::string_view text = input.sample.substr(dialect.skip_bytes);
    Limits limits = input.limits;
    limits.max_record = std::min(limits.max_record, text.size() + 1);
    limits.max_fault_text = 0;
    MemorySource source(text);
    Reader reader(source, dialect, limits);
    Cut out;
    while (out.shapes.size() + out.faults < kRecordsLookedAt) {
        const auto outcome = reader.next();
        if (outcome == Reader::Outcome::end) break;
        // What the sample's end cuts off is no record.
        if (!input.complete && reader.byte_offset() == text.size()) break;
        if (outcome == Reader::Outcome::fault) {
            ++out.faults;
            continue;
        }
        const RawRecord& record = reader.record();
        out.shapes.push_back({record.fields.size(), record.byte_offset, record.line - 1});
        out.quoted += reader.has_quoted_field() ? 1 : 0;
        if (out.rows.size() >= input.keep_rows) continue;
        auto& row = out.rows.emplace_back();
        for (const auto field : record.fields) row.push_back(readable(field, input.encoding, 4096));
    }
    return out;
}

std::size_t commonest(const std::vector<Shape>& shapes) {
    std::map<std::size_t, std::size_t> counts;
    for (const Shape& shape : shapes) ++counts[shape.columns];
    std::size_t best = 0;
    for (const auto& [columns, count] : counts)
        if (best == 0 || count >= counts[best]) best = columns;
    return best;
}

std::size_t known_names(const std::vector<std::string>& row, const SniffInput& input) {
    return static_cast<std::size_t>(std::count_if(row.begin(), row.end(), input.is_known_header));
}

/// Titles and notes above the table: rows of at most half as many fields.
std::size_t preamble(const Cut& cut_up, std::size_t columns, const SniffInput& input) {
    std::size_t rows = 0;
    while (rows < cut_up.rows.size() && rows <= kPreambleLines && cut_up.shapes[rows].columns * 2 <= columns &&
           known_names(cut_up.rows[rows], input) < 2)
        ++rows;
    return rows > kPreambleLines || rows == cut_up.rows.size() ? 0 : rows;
}

Sniffed judge(const SniffInput& input, const Dialect& dialect) {
    Cut cut_up = cut(input, dialect);
    Sniffed out;
    out.dialect = dialect;
    if (cut_up.shapes.empty()) return out;
    out.columns = commonest(cut_up.shapes);
    if (const std::size_t above = preamble(cut_up, out.columns, input); above > 0) {
        out.dialect.skip_bytes += cut_up.shapes[above].bytes_before;
        out.dialect.skip_lines += cut_up.shapes[above].lines_before;
        cut_up.rows.erase(cut_up.rows.begin(), cut_up.rows.begin() + static_cast<std::ptrdiff_t>(above));
        cut_up.shapes.erase(cut_up.shapes.begin(), cut_up.shapes.begin() + static_cast<std::ptrdiff_t>(above));
    }
    std::size_t regular = 0;
    std::size_t shorter = 0;
    for (const Shape& shape : cut_up.shapes) {
        regular += shape.columns == out.columns ? 1 : 0;
        shorter += shape.columns < out.columns ? 1 : 0;
    }
    const auto all = static_cast<double>(cut_up.shapes.size() + cut_up.faults);
    const double share = static_cast<double>(regular) / all;
    const double known = static_cast<double>(known_names(cut_up.rows.front(), input));
    out.confidence =
        out.columns < 2 ? 0 : share * share * std::log2(static_cast<double>(out.columns) + 1) * (1 + known);
    if (share < 0.3) out.confidence = 0;
    out.has_short_rows = shorter >= 3 && static_cast<double>(shorter) >= 0.05 * all;
    const bool plain_by_nature = dialect.delimiter == '\t' || dialect.delimiter == '|';
    out.dialect.lenient_quotes = plain_by_nature && cut_up.quoted == 0;
    out.rows = std::move(cut_up.rows);
    return out;
}

std::size_t occurrences(std::string_view text, std::string_view what) {
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size()))
        ++count;
    return count;
}

/// The variants of quoting that the sample shows signs of, for one delimiter.
std::vector<Dialect> variants(std::string_view sample, Dialect dialect) {
    std::vector<Dialect> out{dialect};
    const std::string open_double{dialect.delimiter, '"'};
    const std::string open_single{dialect.delimiter, '\''};
    const std::string close_single{'\'', dialect.delimiter};
    if (sample.find("\\\"") != std::string_view::npos) {
        out.push_back(dialect);
        out.back().escape = '\\';
    }
    if (occurrences(sample, open_double) == 0) {
        if (const std::string spaced{dialect.delimiter, ' ', '"'}; occurrences(sample, spaced) >= 2) {
            out.front().skip_blanks = true;
        } else if (occurrences(sample, open_single) >= 2 && occurrences(sample, close_single) >= 2) {
            out.push_back(dialect);
            out.back().quote = out.back().escape = '\'';
        }
    }
    if (dialect.delimiter == '\t' || dialect.delimiter == '|') {
        out.push_back(dialect);
        out.back().quote = '\0';
    }
    return out;
}

/// Excel's first line "sep=;" names the delimiter.
std::optional<char> named_delimiter(std::string_view text) {
    if (text.size() < 6 || !equals_ignoring_case(text.substr(0, 4), "sep=")) return std::nullopt;
    if (text[5] != '\n' && text[5] != '\r') return std::nullopt;
    return text[4];
}

bool looks_like_data(std::string_view cell) {
    std::size_t digits = 0;
    for (const char c : cell) digits += is_digit(c) ? 1 : 0;
    return digits * 2 > cell.size() || cell.find('@') != std::string_view::npos;
}

}  // namespace

Sniffed sniff(const SniffInput& input) {
    Dialect base;
    if (input.sample.starts_with("\xEF\xBB\xBF")) base.skip_bytes = 3;
    std::string_view text = input.sample.substr(base.skip_bytes);
    if (text.find('\n') == std::string_view::npos && text.find('\r') != std::string_view::npos) base.line_end = '\r';
    std::string candidates = ",\t|;";
    if (const auto named = named_delimiter(text); named && *named != '"' && *named != '\0') {
        candidates = std::string(1, *named);
        const std::size_t skipped = std::min(text.find(base.line_end), text.size() - 1) + 1;
        base.skip_bytes += skipped;
        base.skip_lines = 1;
        text.remove_prefix(skipped);
    }
    Sniffed best;
    const auto consider = [&](std::string_view delimiters) {
        for (const char delimiter : delimiters) {
            if (text.find(delimiter) == std::string_view::npos) continue;
            base.delimiter = delimiter;
            for (const Dialect& dialect : variants(text, base))
                if (Sniffed found = judge(input, dialect); found.confidence > best.confidence) best = std::move(found);
        }
    };
    consider(candidates);
    if (best.confidence == 0) consider("\x1F\x01^~:");
    if (best.confidence > 0) return best;
    base.delimiter = ',';
    Sniffed single = judge(input, base);
    if (single.columns == 1 && !single.rows.empty() && input.is_known_header(single.rows.front().front()))
        single.confidence = 0.1;
    return single;
}

bool has_header(const std::vector<std::vector<std::string>>& rows,
                const std::function<bool(std::string_view)>& is_known_header) {
    if (rows.empty()) return false;
    const auto& first = rows.front();
    const auto known = static_cast<std::size_t>(std::count_if(first.begin(), first.end(), is_known_header));
    if (known >= 2 || (known == 1 && first.size() <= 3)) return true;
    if (std::any_of(first.begin(), first.end(), looks_like_data)) return false;
    for (std::size_t column = 0; column < first.size(); ++column) {
        std::size_t data = 0;
        for (std::size_t row = 1; row < rows.size(); ++row)
            data += column < rows[row].size() && looks_like_data(rows[row][column]) ? 1 : 0;
        if (!first[column].empty() && rows.size() > 1 && data * 5 >= (rows.size() - 1) * 4) return true;
    }
    return false;
}

std::optional<std::string> refuse_sample(std::string_view sample) {
    std::size_t control = 0;
    for (const char c : sample)
        control +=
            static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\x1F' && c != '\x01'
                ? 1
                : 0;
    if (control * 20 > sample.size()) return "The file is not text: it can't be read as a table.";
    std::string_view text = sample.starts_with("\xEF\xBB\xBF") ? sample.substr(3) : sample;
    text = trim(text);
    if (text.empty()) return "The file is empty.";
    if (text.front() == '{' || (text.front() == '[' && trim(text.substr(1)).starts_with('{')))
        return "This is JSON, not a table: export it as CSV.";
    for (const std::string_view start : {"<?xml", "<!doctype", "<html", "<table"})
        if (text.size() > start.size() && equals_ignoring_case(text.substr(0, start.size()), start))
            return "This is XML or HTML, not a table: export it as CSV.";
    return std::nullopt;
}

}  // namespace townhall::importer
