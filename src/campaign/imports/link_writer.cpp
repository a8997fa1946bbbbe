#include "campaign/imports/link_writer.hpp"

#include <algorithm>
#include <bit>

#include "campaign/imports/copy_rows.hpp"

namespace townhall::campaign {

namespace {

constexpr unsigned kTextArray = 1009;
constexpr unsigned kInt8 = 20;
constexpr unsigned kInt8Array = 1016;

struct BigEndian {
    explicit BigEndian(std::int64_t number) : value(std::byteswap(number)) {}
    [[nodiscard]] std::string_view bytes() const { return {reinterpret_cast<const char*>(&value), sizeof value}; }
    std::int64_t value;
};

}  // namespace

LinkWriter::LinkWriter(db::Connection& connection, const ImportOrder& order, const Counts& before)
    : connection_(connection), order_(order), counts_(before) {
    const unsigned name_types[] = {kInt8, kTextArray, kTextArray};
    connection.prepare("remember_names",
                       "insert into campaign.names (campaign_id, kind, value)"
                       " select $1, n.kind, n.value from (select 'first' as kind, unnest($2) as value"
                       " union all select 'last', unnest($3)) n order by 2, 3 on conflict do nothing",
                       name_types);
    const unsigned relink_types[] = {kInt8, kInt8Array, kTextArray, kTextArray};
    connection.prepare("link_again",
                       "update campaign.campaign_voters m set removed_at = null, changed_at = clock_timestamp(),"
                       " first_folded = x.first, last_folded = x.last"
                       " from unnest($2, $3, $4) x (id, first, last)"
                       " where m.campaign_id = $1 and m.voter_id = x.id"
                       // Hidden since it was looked up: its links are removed.
                       " and not exists (select from campaign.voters v where v.id = x.id and v.deleted_at is not null)",
                       relink_types);
}

bool LinkWriter::write(const Chunk& chunk) {
    db::Transaction transaction(connection_);
    if (!order_.dry_run) {
        if (!chunk.to_link.empty()) link(chunk);
        if (!chunk.to_relink.empty()) link_again(chunk);
        remember_names(chunk);
    }
    if (!chunk.faults.empty()) keep_faults(chunk);
    const bool go_on = keep_progress(chunk);
    transaction.commit();
    return go_on;
}

void LinkWriter::link(const Chunk& chunk) {
    db::CopyIn copy(connection_,
                    "copy campaign.campaign_voters (campaign_id, voter_id, first_folded, last_folded)"
                    " from stdin (format binary)");
    copy.put(CopyRows::header());
    for (const std::uint32_t index : chunk.to_link) {
        const ChunkRow& row = chunk.rows[index];
        row_.clear();
        CopyRows out(row_);
        out.begin_row(4);
        out.int64(order_.campaign);
        out.int64(row.voter_id);
        out.text(chunk.first(row));
        out.text(chunk.last(row));
        copy.put(row_);
    }
    copy.put(CopyRows::trailer());
    copy.finish();
}

void LinkWriter::link_again(const Chunk& chunk) {
    std::vector<std::int64_t> ids;
    std::vector<std::string_view> first, last;
    for (const std::uint32_t index : chunk.to_relink) {
        ids.push_back(chunk.rows[index].voter_id);
        first.push_back(chunk.first(chunk.rows[index]));
        last.push_back(chunk.last(chunk.rows[index]));
    }
    const BigEndian campaign(order_.campaign);
    const std::string id_array = CopyRows::int64_array(ids);
    const std::string first_array = CopyRows::text_array(first);
    const std::string last_array = CopyRows::text_array(last);
    const db::Parameter parameters[] = {
        {campaign.bytes(), true}, {id_array, true}, {first_array, true}, {last_array, true}};
    connection_.execute_prepared("link_again", parameters);
}

void LinkWriter::remember_names(const Chunk& chunk) {
    std::vector<std::string_view> first, last;
    const auto collect = [](std::unordered_set<std::string>& known, std::string_view name,
                            std::vector<std::string_view>& out) {
        if (name.empty()) return;
        if (known.size() > kMostNames) known.clear();
        if (const auto [at, added] = known.emplace(name); added) out.push_back(name);
    };
    // Those of changed voters are known already, in every campaign that holds them.
    for (const auto* rows : {&chunk.to_link, &chunk.to_relink}) {
        for (const std::uint32_t index : *rows) {
            collect(first_names_, chunk.first(chunk.rows[index]), first);
            collect(last_names_, chunk.last(chunk.rows[index]), last);
        }
    }
    if (first.empty() && last.empty()) return;
    const BigEndian campaign(order_.campaign);
    const std::string first_array = CopyRows::text_array(first);
    const std::string last_array = CopyRows::text_array(last);
    const db::Parameter parameters[] = {{campaign.bytes(), true}, {first_array, true}, {last_array, true}};
    connection_.execute_prepared("remember_names", parameters);
}

void LinkWriter::keep_faults(const Chunk& chunk) {
    db::CopyIn copy(
        connection_,
        "copy campaign.import_faults (import_id, line, byte_offset, member, column_name, code, reason, text,"
        " cells)"
        " from stdin (format binary)");
    copy.put(CopyRows::header());
    for (const auto& [fault, cells] : chunk.faults) {
        row_.clear();
        CopyRows out(row_);
        out.begin_row(9);
        out.uuid(order_.id);
        out.int64(static_cast<std::int64_t>(fault.line));
        out.int64(static_cast<std::int64_t>(fault.byte_offset));
        out.text_or_null(fault.member);
        out.text_or_null(fault.column);
        out.text(fault.code);
        out.text(fault.reason);
        out.text(fault.text);
        out.text(CopyRows::text_array(std::vector<std::string_view>(cells.begin(), cells.end())));
        copy.put(row_);
    }
    copy.put(CopyRows::trailer());
    copy.finish();
}

bool LinkWriter::keep_progress(const Chunk& chunk) {
    counts_ += chunk.counts;
    const db::Result kept = connection_.query(
        "update campaign.imports set rows = $2, created = $3, updated = $4, unchanged = $5, duplicates = $6,"
        " rejected = $7, warnings = $8, at_member = $9, at_byte = $10, at_line = $11, updated_at = clock_timestamp()"
        " where id = $1::uuid returning cancel_wanted::int",
        order_.id, counts_.rows, counts_.created, counts_.updated, counts_.unchanged, counts_.duplicates,
        counts_.rejected, counts_.warnings, chunk.behind.member, chunk.behind.byte_offset, chunk.behind.line);
    // Attempts are there to end what never gets on: who got this far may be interrupted again.
    if (std::exchange(first_chunk_, false))
        connection_.query(
            "update core.jobs set max_attempts = greatest(max_attempts, attempt + 5)"
            " where subject = 'import:' || $1 and kind = 'voters.import' and state = 'running'",
            order_.id);
    return kept.rows() == 1 && kept.integer(0, 0) == 0;
}

}  // namespace townhall::campaign
