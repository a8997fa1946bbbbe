#include "campaign/imports/voter_writer.hpp"

#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <unordered_map>

#include "campaign/imports/copy_rows.hpp"
#include "platform/db/sync/errors.hpp"

namespace townhall::campaign {

namespace {

std::int64_t int64_from(std::string_view bytes) {
    std::int64_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return std::byteswap(value);
}

constexpr unsigned kTextArray = 1009;
constexpr unsigned kText = 25;
constexpr unsigned kInt8 = 20;

/// Sets the columns that the file has a say in: what people added in others stays.
std::string assignments(const std::vector<std::string>& told) {
    std::string out = "extra = coalesce(s.extra, v.extra), content_hash = s.content_hash";
    for (const std::string& column : told) out += fmt::format(", {0} = s.{0}", column);
    return out;
}

}  // namespace

VoterWriter::VoterWriter(db::Connection& connection, const ImportOrder& order, bool rows_are_distinct)
    : connection_(connection), order_(order), rows_are_distinct_(rows_are_distinct) {
    update_ = fmt::format(
        "update campaign.voters v set {}, updated_at = clock_timestamp() from changed_voters s where v.id = s.id",
        assignments(order.told));
    source_is_empty_ =
        connection.query("select 1 from campaign.voters where source = $1 limit 1", order.source).rows() == 0;
    connection.exec(
        "create temporary table changed_voters (like campaign.voters) on commit delete rows;"
        "alter table changed_voters add column first_folded text, add column last_folded text;"
        "alter table changed_voters alter column created_at drop not null, alter column updated_at drop not null");
    // Some thousand known keys against a large table: an index look-up each, whatever the planner thinks of arrays.
    connection.exec("set enable_hashjoin = off; set enable_mergejoin = off; set enable_seqscan = off");
    const unsigned look_up_types[] = {kTextArray, kText, kInt8};
    connection.prepare(
        "look_up",
        "select x.n, v.id, v.content_hash, (m.voter_id is not null)::int::int8, (m.removed_at is null)::int::int8"
        " from unnest($1) with ordinality x (identity, n) cross join lateral"
        // A look-up of each identity in the index, whatever the statistics say: never a scan of the source.
        " (select f.id, f.content_hash from campaign.voters f"
        " where f.source = $2 and f.identity = x.identity collate \"C\" offset 0) v"
        " left join campaign.campaign_voters m on m.campaign_id = $3 and m.voter_id = v.id",
        look_up_types);
}

void VoterWriter::write(Chunk& chunk) {
    if (!rows_are_distinct_) keep_last_of_each(chunk);
    if (chunk.rows.empty()) return;
    if (source_is_empty_ && rows_are_distinct_ && !order_.dry_run) {
        try {
            return write_new(chunk);
        } catch (const db::SqlError& error) {
            if (error.sqlstate() != "23505") throw;  // somebody added one of them by hand meanwhile
            source_is_empty_ = false;
        }
    }
    write_mixed(chunk);
}

void VoterWriter::write_new(Chunk& chunk) {
    std::vector<std::uint32_t> all(chunk.rows.size());
    for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
    db::Transaction transaction(connection_);
    copy_voters(chunk, all);
    transaction.commit();
    chunk.counts.created += static_cast<std::int64_t>(all.size());
    chunk.to_link = std::move(all);
}

void VoterWriter::write_mixed(Chunk& chunk) {
    db::Transaction transaction(connection_);
    const auto known = look_up(chunk);
    std::vector<std::uint32_t> fresh, changed;
    for (std::uint32_t i = 0; i < chunk.rows.size(); ++i) {
        ChunkRow& row = chunk.rows[i];
        if (!known[i]) {
            fresh.push_back(i);
            chunk.to_link.push_back(i);
            ++chunk.counts.created;
            continue;
        }
        row.voter_id = known[i]->id;
        const bool differs = known[i]->content_hash != row.content_hash;
        const bool rewrite = differs && order_.on_match == OnMatch::update;
        if (rewrite) changed.push_back(i);
        // Seen from the campaign: a voter that it did not hold is new to it, whoever else knew it.
        if (known[i]->link == Known::Link::none) {
            chunk.to_link.push_back(i);
            ++chunk.counts.created;
        } else if (known[i]->link == Known::Link::removed) {
            chunk.to_relink.push_back(i);
            ++chunk.counts.created;
        } else {
            ++(rewrite ? chunk.counts.updated : chunk.counts.unchanged);
        }
    }
    if (order_.dry_run) return;
    if (!fresh.empty()) copy_voters(chunk, fresh);
    if (!changed.empty()) update_voters(chunk, changed);
    transaction.commit();
}

std::vector<std::optional<VoterWriter::Known>> VoterWriter::look_up(const Chunk& chunk) {
    std::vector<std::string_view> identities;
    identities.reserve(chunk.rows.size());
    for (const ChunkRow& row : chunk.rows) identities.push_back(chunk.identity(row));
    const std::string array = CopyRows::text_array(identities);
    const std::int64_t campaign = std::byteswap(order_.campaign);
    const db::Parameter parameters[] = {
        {array, true},
        {order_.source, false},
        {std::string_view(reinterpret_cast<const char*>(&campaign), sizeof campaign), true}};
    const db::Result found = connection_.execute_prepared("look_up", parameters, true);

    std::vector<std::optional<Known>> known(chunk.rows.size());
    for (int i = 0; i < found.rows(); ++i) {
        const auto number = [&](int column) { return int64_from(found.text(i, column)); };
        const auto hash = found.value(i, 2);
        const bool linked = number(3) != 0;
        const bool held = number(4) != 0;
        known[static_cast<std::size_t>(number(0) - 1)] =
            Known{number(1), hash ? std::optional(int64_from(*hash)) : std::nullopt,
                  !linked ? Known::Link::none
                  : held  ? Known::Link::held
                          : Known::Link::removed};
    }
    return known;
}

void VoterWriter::reserve_ids(std::size_t count) {
    // In rising order, so that the file's order is the list's.
    const db::Result fresh = connection_.query(
        "select nextval(pg_get_serial_sequence('campaign.voters', 'id')) from generate_series(1, $1::int)", count);
    ids_.clear();
    for (int i = 0; i < fresh.rows(); ++i) ids_.push_back(fresh.integer(i, 0));
}

void VoterWriter::copy_voters(Chunk& chunk, const std::vector<std::uint32_t>& rows) {
    reserve_ids(rows.size());
    db::CopyIn copy(connection_,
                    fmt::format("copy campaign.voters (id, {}) from stdin (format binary)", kVoterColumns));
    copy.put(CopyRows::header());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        ChunkRow& row = chunk.rows[rows[i]];
        row.voter_id = ids_[i];
        row_.clear();
        CopyRows out(row_);
        out.begin_row(kVoterColumnCount + 1);
        out.int64(row.voter_id);
        row_ += chunk.copy_columns(row);
        copy.put(row_);
    }
    copy.put(CopyRows::trailer());
    copy.finish();
}

void VoterWriter::update_voters(const Chunk& chunk, const std::vector<std::uint32_t>& rows) {
    {
        db::CopyIn copy(
            connection_,
            fmt::format("copy changed_voters (id, {}, first_folded, last_folded) from stdin (format binary)",
                        kVoterColumns));
        copy.put(CopyRows::header());
        for (const std::uint32_t index : rows) {
            const ChunkRow& row = chunk.rows[index];
            row_.clear();
            CopyRows out(row_);
            out.begin_row(kVoterColumnCount + 3);
            out.int64(row.voter_id);
            row_ += chunk.copy_columns(row);
            out.text_or_null(chunk.first(row));
            out.text_or_null(chunk.last(row));
            copy.put(row_);
        }
        copy.put(CopyRows::trailer());
        copy.finish();
    }
    connection_.exec(update_);
    // Every campaign that holds them sees the change, and finds them by their new names.
    connection_.exec(
        "insert into campaign.names (campaign_id, kind, value)"
        " select distinct m.campaign_id, n.kind, n.value from changed_voters s"
        " join campaign.campaign_voters m on m.voter_id = s.id"
        " cross join lateral (values ('first', s.first_folded), ('last', s.last_folded)) n (kind, value)"
        " where n.value is not null order by 1, 2, 3 on conflict do nothing");
    connection_.exec(
        "update campaign.campaign_voters m set first_folded = s.first_folded, last_folded = s.last_folded,"
        " changed_at = clock_timestamp() from changed_voters s where m.voter_id = s.id");
}

void VoterWriter::keep_last_of_each(Chunk& chunk) {
    std::unordered_map<std::string_view, std::size_t> last;
    for (std::size_t i = 0; i < chunk.rows.size(); ++i) last.insert_or_assign(chunk.identity(chunk.rows[i]), i);
    std::vector<ChunkRow> kept;
    for (std::size_t i = 0; i < chunk.rows.size(); ++i)
        if (last.at(chunk.identity(chunk.rows[i])) == i) kept.push_back(chunk.rows[i]);
    chunk.counts.duplicates += static_cast<std::int64_t>(chunk.rows.size() - kept.size());
    chunk.rows = std::move(kept);
}

}  // namespace townhall::campaign
