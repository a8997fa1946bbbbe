#include "campaign/imports/voter_writer.hpp"

#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <unordered_map>
#include <utility>

#include "campaign/imports/copy_rows.hpp"
#include "importer/normalise/name.hpp"
#include "platform/db/codec.hpp"
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

/// Chunks of a killed run whose voters may be committed while their links and counts are not: one with the writer of
/// links, two on their way to it, one about to be given.
constexpr int kAhead = 4;

std::string array_of(const std::vector<std::string>& values) {
    std::string out;
    db::Codec<std::vector<std::string>>::write(values, out);
    return out;
}

/// Adds the new names to the dictionary of every campaign that holds the voters; nothing where the file has none.
std::string remember_changed_names(const ImportOrder& order) {
    std::string names;
    for (const std::string_view kind : {"first", "last"})
        if (order.told.tells(fmt::format("{}_name", kind)))
            names += fmt::format("{}('{}', s.{}_folded)", names.empty() ? "" : ", ", kind, kind);
    if (names.empty()) return "";
    return fmt::format(
        "insert into campaign.names (campaign_id, kind, value)"
        " select distinct m.campaign_id, n.kind, n.value from changed_voters s"
        // A look-up of each voter in the index: a planner that takes both tables for small compares all with all.
        " cross join lateral (select l.campaign_id from campaign.campaign_voters l where l.voter_id = s.id offset 0) m"
        " cross join lateral (values {}) n (kind, value)"
        " where n.value <> '' order by 1, 2, 3 on conflict do nothing",
        names);
}

/// Every campaign that holds the voters sees the change, and finds them by their new names: where the file has any.
std::string touch_links(const ImportOrder& order) {
    return fmt::format(
        "update campaign.campaign_voters m set changed_at = clock_timestamp(){}{}"
        " from changed_voters s where m.voter_id = s.id",
        order.told.tells("first_name") ? ", first_folded = s.first_folded" : "",
        order.told.tells("last_name") ? ", last_folded = s.last_folded" : "");
}

}  // namespace

VoterWriter::VoterWriter(db::Connection& connection, const ImportOrder& order, bool rows_are_distinct)
    : connection_(connection),
      order_(order),
      rows_are_distinct_(rows_are_distinct),
      update_names_(remember_changed_names(order)),
      update_links_(touch_links(order)),
      chunks_in_doubt_(order.resumed ? kAhead : 0) {
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
    const unsigned look_up_types[] = {kTextArray, kText, kInt8, kText};
    connection.prepare(
        "look_up",
        "select x.n, v.id, v.content_hash, (m.voter_id is not null)::int::int8, (m.removed_at is null)::int::int8,"
        " coalesce(v.created_at < i.started_at and v.updated_at >= i.started_at, false)::int::int8,"
        " case when m.voter_id is null or m.removed_at is not null then v.first_name end,"
        " case when m.voter_id is null or m.removed_at is not null then v.last_name end,"
        " (v.deleted_at is not null)::int::int8"
        " from unnest($1) with ordinality x (identity, n) cross join lateral"
        // A look-up of each identity in the index, whatever the statistics say: never a scan of the source.
        " (select f.id, f.content_hash, f.created_at, f.updated_at, f.deleted_at, f.first_name, f.last_name"
        " from campaign.voters f"
        " where f.source = $2 and f.identity = x.identity collate \"C\" offset 0) v"
        " left join campaign.imports i on i.id = $4::uuid"
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
    const LookUp found = look_up(chunk);
    const auto& known = found.known;
    const bool in_doubt = std::exchange(chunks_in_doubt_, std::max(0, chunks_in_doubt_ - 1)) > 0;
    std::vector<std::uint32_t> fresh, changed;
    for (std::uint32_t i = 0; i < chunk.rows.size(); ++i) {
        ChunkRow& row = chunk.rows[i];
        if (!known[i]) {
            fresh.push_back(i);
            chunk.to_link.push_back(i);
            ++chunk.counts.created;
            continue;
        }
        if (known[i]->hidden) {  // stays so, as it is: a file is not what brings somebody back
            ++chunk.counts.unchanged;
            continue;
        }
        row.voter_id = known[i]->id;
        const bool differs = known[i]->content_hash != row.content_hash;
        const bool rewrite = differs && order_.on_match == OnMatch::update;
        if (rewrite) changed.push_back(i);
        if (known[i]->link != Known::Link::held) name_as_known(chunk, row, *known[i], rewrite);
        // Seen from the campaign: a voter that it did not hold is new to it, whoever else knew it.
        if (known[i]->link == Known::Link::none) {
            chunk.to_link.push_back(i);
            ++chunk.counts.created;
        } else if (known[i]->link == Known::Link::removed) {
            chunk.to_relink.push_back(i);
            ++chunk.counts.created;
        } else {
            // What a killed run changed without counting it is counted now.
            const bool updated = rewrite || (in_doubt && known[i]->changed_by_us && order_.on_match == OnMatch::update);
            ++(updated ? chunk.counts.updated : chunk.counts.unchanged);
        }
    }
    if (order_.dry_run) return;
    if (!fresh.empty()) copy_voters(chunk, fresh);
    if (!changed.empty()) update_voters(chunk, changed);
    transaction.commit();
}

/// A link finds its voter by the names that the voter has once this chunk is written: the file's only where it changes
/// them.
void VoterWriter::name_as_known(Chunk& chunk, ChunkRow& row, const Known& known, bool rewrite) const {
    const auto name = [&](std::string_view column, std::string_view of_file, std::string_view of_voter) {
        return rewrite && order_.told.tells(column) ? std::string(of_file) : importer::fold_name(of_voter);
    };
    const std::string first = name("first_name", chunk.first(row), known.first_name);
    const std::string last = name("last_name", chunk.last(row), known.last_name);
    chunk.rename(row, first, last);
}

VoterWriter::LookUp VoterWriter::look_up(const Chunk& chunk) {
    std::vector<std::string_view> identities;
    identities.reserve(chunk.rows.size());
    for (const ChunkRow& row : chunk.rows) identities.push_back(chunk.identity(row));
    const std::string array = CopyRows::text_array(identities);
    const std::int64_t campaign = std::byteswap(order_.campaign);
    const db::Parameter parameters[] = {
        {array, true},
        {order_.source, false},
        {std::string_view(reinterpret_cast<const char*>(&campaign), sizeof campaign), true},
        {order_.id, false}};
    LookUp out{connection_.execute_prepared("look_up", parameters, true), {}};
    const db::Result& found = out.result;
    out.known.resize(chunk.rows.size());
    for (int i = 0; i < found.rows(); ++i) {
        const auto number = [&](int column) { return int64_from(found.text(i, column)); };
        const auto hash = found.value(i, 2);
        const bool linked = number(3) != 0;
        const bool held = number(4) != 0;
        out.known[static_cast<std::size_t>(number(0) - 1)] =
            Known{number(1),
                  hash ? std::optional(int64_from(*hash)) : std::nullopt,
                  !linked ? Known::Link::none
                  : held  ? Known::Link::held
                          : Known::Link::removed,
                  number(5) != 0,
                  number(8) != 0,
                  found.value(i, 6).value_or(""),
                  found.value(i, 7).value_or("")};
    }
    return out;
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
            out.text(chunk.first(row));
            out.text(chunk.last(row));
            copy.put(row_);
        }
        copy.put(CopyRows::trailer());
        copy.finish();
    }
    const Told& told = order_.told;
    connection_.query(update_, array_of(told.extra), array_of(told.districts), array_of(told.mailing));
    if (!update_names_.empty()) connection_.exec(update_names_);
    connection_.exec(update_links_);
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
