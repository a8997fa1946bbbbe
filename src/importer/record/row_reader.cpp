#include "importer/record/row_reader.hpp"

#include <algorithm>
#include <array>

#include "importer/encoding/detect.hpp"
#include "importer/encoding/utf8.hpp"
#include "importer/error.hpp"

namespace townhall::importer {

namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";
constexpr std::size_t kNoColumn = SIZE_MAX;

struct Said {
    std::string_view code;
    std::string_view reason;
};

Said say(ReadFault kind) {
    switch (kind) {
        case ReadFault::quote:
            return {"quote", "A quote opens a value here and does not close it."};
        case ReadFault::field_too_long:
            return {"value_too_long", "A value is longer than is allowed."};
        case ReadFault::record_too_long:
            return {"row_too_long", "The row is longer than is allowed."};
        case ReadFault::too_many_columns:
            break;
    }
    return {"too_many_columns", "The row has more values than any table may have."};
}

}  // namespace

RowReader::RowReader(const std::filesystem::path& path, const Plan& plan, Position start)
    : plan_(plan), source_(decoded(open_source(path, plan.packing, plan.members, plan.options.limits), plan.encoding)) {
    for (const Member& member : plan.members)
        if (member.used) member_names_.push_back(member.name);
    for (; member_ < start.member; ++member_)
        if (!source_->next_member())
            throw ImportError(ImportError::Kind::io, "The file has fewer members than it had.");
    open_member(start);
}

void RowReader::open_member(Position start) {
    const Dialect& dialect = plan_.dialect;
    if (start.byte_offset > 0 || member_ == 0) {
        const bool fresh = start.byte_offset == 0;
        const std::uint64_t offset = fresh ? dialect.skip_bytes : start.byte_offset;
        source_->skip(offset);
        reader_.emplace(*source_, dialect, plan_.options.limits, offset, fresh ? 1 + dialect.skip_lines : start.line);
        return;
    }
    // A later member may begin with a byte order mark of its own.
    std::array<char, 3> head{};
    std::size_t got = 0;
    while (got < head.size()) {
        const std::size_t more = source_->read(head.data() + got, head.size() - got);
        if (more == 0) break;
        got += more;
    }
    const std::string_view bytes(head.data(), got);
    reader_.emplace(*source_, dialect, plan_.options.limits, bytes == kMark ? 3U : 0U, 1U);
    if (bytes != kMark) reader_->prime(bytes);
}

RowReader::Outcome RowReader::next() {
    while (true) {
        switch (reader_->next()) {
            case Reader::Outcome::end:
                if (!source_->next_member()) return Outcome::end;
                ++member_;
                open_member({member_, 0, 1});
                continue;
            case Reader::Outcome::fault:
                take_raw_fault();
                return Outcome::fault;
            case Reader::Outcome::record:
                if (is_skipped()) continue;
                return check();
        }
    }
}

/// Repeated headers and rows without any value, as spreadsheets leave them at the end. In a list of refused rows what
/// we said of a row is no value of it: that of a member that was left out has none.
bool RowReader::is_skipped() const {
    const RawRecord& record = reader_->record();
    if (plan_.dialect.has_header && record.text == plan_.header_text) return true;
    const auto ours = static_cast<std::ptrdiff_t>(plan_.fault_values(record.fields.size()));
    return std::all_of(record.fields.begin() + ours, record.fields.end(),
                       [](std::string_view field) { return field.empty(); });
}

RowReader::Outcome RowReader::check() {
    if (check_columns() == Outcome::fault) return Outcome::fault;
    return check_bytes();
}

RowReader::Outcome RowReader::check_columns() {
    const auto& fields = reader_->record().fields;
    const std::size_t wanted = plan_.targets.size();
    if (fields.size() == wanted) return Outcome::row;
    if (fields.size() > wanted) {
        if (std::all_of(fields.begin() + static_cast<std::ptrdiff_t>(wanted), fields.end(),
                        [](auto field) { return field.empty(); }))
            return Outcome::row;
    } else if (plan_.pad_short_rows && fields.size() > 1) {
        return Outcome::row;
    }
    if (reader_->spans_lines()) {
        // Rows that a stray quote holds together: only the one with the quote is lost.
        reader_->resynchronise();
        take_raw_fault();
        return Outcome::fault;
    }
    const bool few = fields.size() < wanted;
    reject(few ? "too_few_values" : "too_many_values",
           few ? "The row has fewer values than the table has columns."
               : "The row has more values than the table has columns.",
           kNoColumn);
    return Outcome::fault;
}

RowReader::Outcome RowReader::check_bytes() {
    const std::string_view text = reader_->record().text;
    latin_ = false;
    const ByteKinds kinds = byte_kinds(text);
    if (!kinds.high && !kinds.nul) return Outcome::row;
    if (kinds.nul) {
        reject("nul", "The row holds a zero byte.",
               first_bad_field([](std::string_view field) { return field.find('\0') != std::string_view::npos; }));
        return Outcome::fault;
    }
    const bool sound = plan_.encoding != Encoding::windows1252 && valid_utf8(text);
    latin_ = !sound && (plan_.encoding == Encoding::windows1252 || plan_.encoding == Encoding::utf8_or_windows1252);
    if (sound || latin_) return Outcome::row;
    reject("encoding", "The row is not valid text in the file's encoding.",
           first_bad_field([](std::string_view field) { return !valid_utf8(field); }));
    return Outcome::fault;
}

std::size_t RowReader::first_bad_field(bool (*is_bad)(std::string_view)) const {
    const auto& fields = reader_->record().fields;
    const auto found = std::find_if(fields.begin(), fields.end(), is_bad);
    return found == fields.end() ? kNoColumn : static_cast<std::size_t>(found - fields.begin());
}

void RowReader::take_raw_fault() {
    const RawFault& raw = reader_->fault();
    const Said said = say(raw.kind);
    const bool whole_row = raw.kind == ReadFault::record_too_long || raw.kind == ReadFault::too_many_columns;
    fill_fault(raw.line, raw.byte_offset, said.code, said.reason, whole_row ? kNoColumn : raw.column, raw.text);
}

void RowReader::reject(std::string_view code, std::string_view reason, std::size_t column) {
    const RawRecord& record = reader_->record();
    fill_fault(record.line, record.byte_offset, code, reason, column, record.text);
}

void RowReader::fill_fault(std::uint64_t line, std::uint64_t offset, std::string_view code, std::string_view reason,
                           std::size_t column, std::string_view text) {
    fault_.line = line;
    fault_.byte_offset = offset;
    fault_.code = code;
    fault_.reason = reason;
    fault_.column = column < plan_.columns.size() ? plan_.columns[column].name : std::string();
    fault_.member = member_names_.size() > 1 ? std::string(member_names_[member_]) : std::string();
    fault_.text = readable(text, plan_.encoding, plan_.options.limits.max_fault_text);
}

}  // namespace townhall::importer
