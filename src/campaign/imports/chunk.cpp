#include "campaign/imports/chunk.hpp"

#include "campaign/imports/copy_rows.hpp"

namespace townhall::campaign {

Counts& Counts::operator+=(const Counts& more) {
    rows += more.rows;
    created += more.created;
    updated += more.updated;
    unchanged += more.unchanged;
    duplicates += more.duplicates;
    rejected += more.rejected;
    warnings += more.warnings;
    return *this;
}

void Chunk::keep(std::string_view text, std::uint32_t& at, std::uint32_t& size) {
    at = static_cast<std::uint32_t>(texts.size());
    size = static_cast<std::uint32_t>(text.size());
    texts += text;
}

void Chunk::rename(ChunkRow& row, std::string_view first_folded, std::string_view last_folded) {
    keep(first_folded, row.first_at, row.first_size);
    keep(last_folded, row.last_at, row.last_size);
}

void Chunk::add(const importer::Fault& fault, std::vector<std::string> cells) {
    fault_bytes += sizeof(ChunkFault) + fault.text.size();
    for (const std::string& cell : cells) fault_bytes += sizeof cell + cell.size();
    faults.push_back({fault, std::move(cells)});
}

void Chunk::add(const importer::VoterRecord& r, std::string_view source) {
    ChunkRow row;
    keep(r.identity, row.identity_at, row.identity_size);
    rename(row, r.first_folded, r.last_folded);
    row.content_hash = static_cast<std::int64_t>(r.content_hash.high ^ r.content_hash.low);

    row.columns_at = static_cast<std::uint32_t>(columns.size());
    CopyRows out(columns);
    const auto date = [&](const std::optional<importer::Date>& day) {
        if (day)
            out.date(importer::days_since_epoch(*day));
        else
            out.null();
    };
    out.text(source);
    out.text(r.identity);
    for (const std::string_view name : {r.first_name, r.middle_name, r.last_name, r.suffix}) out.text_or_null(name);
    date(r.date_of_birth);
    if (r.birth_year)
        out.int16(*r.birth_year);
    else
        out.null();
    for (const std::string_view code : {r.gender, r.party, r.status}) out.text_or_null(code);
    date(r.registered_at);
    out.text_or_null(r.phone);
    out.text_or_null(r.email);
    out.texts_or_null(r.phones);
    out.texts_or_null(r.emails);
    for (const std::string_view part : {r.address, r.address2, r.city, r.state, r.zip, r.zip4, r.county, r.country})
        out.text_or_null(part);
    out.json_or_null(r.mailing_json);
    out.text_or_null(r.precinct);
    out.json_or_null(r.districts);
    out.json_or_null(r.extra);
    out.int64(row.content_hash);
    row.columns_size = static_cast<std::uint32_t>(columns.size()) - row.columns_at;
    rows.push_back(row);
    counts.warnings += r.warnings;
}

}  // namespace townhall::campaign
