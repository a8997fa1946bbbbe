#include <algorithm>

#include "importer/encoding/detect.hpp"
#include "importer/encoding/utf8.hpp"
#include "importer/importer.hpp"
#include "importer/layout/assign.hpp"
#include "importer/layout/layout.hpp"
#include "importer/normalise/name.hpp"
#include "importer/reader/reader.hpp"
#include "importer/reader/sniff.hpp"
#include "importer/source/source.hpp"

namespace townhall::importer {

namespace {

constexpr std::size_t kMostTables = 1'000;
constexpr std::size_t kMemberSample = 64 * 1024;

struct Sample {
    std::string bytes;
    bool complete = false;
};

Sample take_sample(Source& source, std::size_t size) {
    Sample sample;
    sample.bytes.resize(size);
    std::size_t filled = 0;
    while (filled < size) {
        const std::size_t got = source.read(sample.bytes.data() + filled, size - filled);
        if (got == 0) break;
        filled += got;
    }
    sample.complete = filled < size;
    sample.bytes.resize(filled);
    return sample;
}

struct Examined {
    Encoding encoding = Encoding::utf8;
    Sniffed sniffed;
    std::string refusal;
    std::string header_text;
};

std::string decode_sample(const Sample& sample, Encoding encoding) {
    if (encoding != Encoding::utf16le && encoding != Encoding::utf16be) return sample.bytes;
    auto source = decoded(std::make_unique<MemorySource>(std::string_view(sample.bytes)), encoding);
    return take_sample(*source, sample.bytes.size() * 2 + 4).bytes;
}

/// The text of the first row, as Stream will meet it.
std::string first_row(std::string_view text, const Dialect& dialect, const Limits& limits) {
    MemorySource source(text.substr(dialect.skip_bytes));
    Reader reader(source, dialect, limits);
    return reader.next() == Reader::Outcome::record ? std::string(reader.record().text) : std::string();
}

/// Whether the mapping speaks of columns by names that stand in the first row.
bool names_columns(const Options& options, const std::vector<std::vector<std::string>>& rows) {
    if (rows.empty()) return false;
    return std::any_of(options.mapping.begin(), options.mapping.end(), [&](const auto& entry) {
        const auto number = entry.second.find_first_not_of("#0123456789") == std::string::npos;
        const auto same = [&](const std::string& cell) { return plain_header(cell) == plain_header(entry.second); };
        return !number && std::any_of(rows.front().begin(), rows.front().end(), same);
    });
}

Examined examine(const Sample& sample, const Options& options) {
    Examined out;
    if (sample.bytes.empty()) {
        out.refusal = "The file is empty.";
        return out;
    }
    out.encoding = detect_encoding(sample.bytes).encoding;
    const std::string text = decode_sample(sample, out.encoding);
    if (const auto why = refuse_sample(text)) {
        out.refusal = *why;
        return out;
    }
    out.sniffed = sniff({.sample = text,
                         .complete = sample.complete,
                         .encoding = out.encoding,
                         .keep_rows = options.preview_rows + 30,
                         .limits = options.limits,
                         .is_known_header = is_known_header});
    const bool one_column = out.sniffed.columns == 1 && !options.mapping.empty();
    if (out.sniffed.confidence == 0 && !one_column) {
        out.refusal = "No table was found in the file: its lines share no delimiter (comma, tab, pipe or semicolon).";
        return out;
    }
    const bool florida = out.sniffed.dialect.delimiter == '\t' && is_florida(out.sniffed.rows);
    out.sniffed.dialect.has_header =
        !florida && (has_header(out.sniffed.rows, is_known_header) || names_columns(options, out.sniffed.rows));
    // Florida quotes nothing: a quote there belongs to a nickname.
    if (florida) out.sniffed.dialect.quote = '\0';
    if (out.sniffed.dialect.has_header) out.header_text = first_row(text, out.sniffed.dialect, options.limits);
    return out;
}

bool same_table(const Examined& a, const Examined& b) {
    return a.refusal.empty() && b.refusal.empty() && a.sniffed.columns == b.sniffed.columns &&
           a.sniffed.dialect.delimiter == b.sniffed.dialect.delimiter && a.header_text == b.header_text;
}

bool is_wide(Encoding encoding) { return encoding == Encoding::utf16le || encoding == Encoding::utf16be; }

/// Members share one encoding. Where their samples disagree, each row is tried as UTF-8 first.
void unite(Encoding& all, const Examined& one, Member& member) {
    if (one.encoding == all) return;
    if (is_wide(one.encoding) || is_wide(all)) {
        member.used = false;
        member.reason = "another encoding";
    } else {
        all = Encoding::utf8_or_windows1252;
    }
}

/// Looks into every member that may be a table, settles on the most table-like one, and leaves out those that differ.
Examined examine_zip(const std::filesystem::path& path, Plan& plan) {
    plan.members = list_zip(path, plan.options.limits);
    const auto tables = std::count_if(plan.members.begin(), plan.members.end(), [](const Member& m) { return m.used; });
    if (tables == 0) throw ImportError(ImportError::Kind::not_a_table, "The zip file holds no table.");
    if (static_cast<std::size_t>(tables) > kMostTables)
        throw ImportError(ImportError::Kind::too_large, "The zip file holds too many tables.");
    const auto source = open_source(path, Packing::zip, plan.members, plan.options.limits);
    std::vector<Examined> seen;
    do {
        seen.push_back(examine(take_sample(*source, std::min(kMemberSample, plan.options.sample_bytes)), plan.options));
    } while (source->next_member());
    const auto best = std::max_element(seen.begin(), seen.end(), [](const Examined& a, const Examined& b) {
        return a.sniffed.confidence < b.sniffed.confidence;
    });
    auto examined = seen.begin();
    for (Member& member : plan.members) {
        if (!member.used || examined == seen.end()) continue;
        member.used = same_table(*examined, *best);
        if (!member.used) member.reason = examined->refusal.empty() ? "other columns" : examined->refusal;
        if (member.used) unite(best->encoding, *examined, member);
        ++examined;
    }
    return std::move(*best);
}

Examined examine_file(const std::filesystem::path& path, Plan& plan) {
    if (plan.packing == Packing::zip) return examine_zip(path, plan);
    plan.members.push_back({.index = 0, .name = {}, .used = true, .reason = {}});
    const auto source = open_source(path, plan.packing, {}, plan.options.limits);
    return examine(take_sample(*source, plan.options.sample_bytes), plan.options);
}

}  // namespace

Plan inspect(const std::filesystem::path& path, const Options& options) {
    Plan plan;
    plan.options = options;
    plan.options.sample_bytes = std::clamp<std::size_t>(options.sample_bytes, 4096, 16U << 20);
    if (!plan.options.today) plan.options.today = today_utc();
    plan.packing = detect_packing(path);
    Examined found = examine_file(path, plan);
    if (!found.refusal.empty()) throw ImportError(ImportError::Kind::not_a_table, found.refusal);
    plan.encoding = found.encoding;
    plan.dialect = found.sniffed.dialect;
    plan.header_text = std::move(found.header_text);
    const bool florida = plan.dialect.delimiter == '\t' && !plan.dialect.has_header && is_florida(found.sniffed.rows);
    std::vector<std::string> headers(found.sniffed.columns);
    if (plan.dialect.has_header) {
        headers = found.sniffed.rows.front();
        found.sniffed.rows.erase(found.sniffed.rows.begin());
    } else if (florida) {
        headers.assign(florida_names().begin(), florida_names().end());
    }
    assign_columns(plan, std::move(headers), florida);
    plan.pad_short_rows = options.short_rows == ShortRows::pad ||
                          (options.short_rows == ShortRows::automatic && found.sniffed.has_short_rows);
    if (found.sniffed.rows.size() > options.preview_rows) found.sniffed.rows.resize(options.preview_rows);
    for (auto& row : found.sniffed.rows)
        for (auto& cell : row) cell = clean_text(cell);
    plan.preview_rows = std::move(found.sniffed.rows);
    return plan;
}

}  // namespace townhall::importer
