#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "importer/importer.hpp"

namespace townhall::campaign {

/// One voter of a chunk. Texts lie in the chunk's buffers.
struct ChunkRow {
    std::uint32_t columns_at = 0, columns_size = 0;    // binary COPY columns of campaign.voters, without the id
    std::uint32_t identity_at = 0, identity_size = 0;  // in `texts`, as the next two
    std::uint32_t first_at = 0, first_size = 0;
    std::uint32_t last_at = 0, last_size = 0;
    std::int64_t content_hash = 0;
    std::int64_t voter_id = 0;  // known once it is written
};

/// A row that was rejected, with its values as far as they can be told apart.
struct ChunkFault {
    importer::Fault fault;
    std::vector<std::string> cells;
};

struct Counts {
    std::int64_t rows = 0, created = 0, updated = 0, unchanged = 0, duplicates = 0, rejected = 0, warnings = 0;

    Counts& operator+=(const Counts& more);
};

/// Some thousand rows on their way through an import: read by one thread, their voters written by a second, their
/// links, names, faults and the progress by a third.
struct Chunk {
    std::string columns;
    std::string texts;
    std::vector<ChunkRow> rows;
    std::vector<ChunkFault> faults;
    std::size_t fault_bytes = 0;  // that `faults` take
    importer::Position behind;    // where the next chunk begins
    Counts counts;

    // Found by the writer of voters, as indices of `rows`.
    std::vector<std::uint32_t> to_link;    // held by no link of the campaign
    std::vector<std::uint32_t> to_relink;  // held by one that was removed

    [[nodiscard]] std::string_view identity(const ChunkRow& row) const {
        return cut(texts, row.identity_at, row.identity_size);
    }
    [[nodiscard]] std::string_view first(const ChunkRow& row) const { return cut(texts, row.first_at, row.first_size); }
    [[nodiscard]] std::string_view last(const ChunkRow& row) const { return cut(texts, row.last_at, row.last_size); }
    [[nodiscard]] std::string_view copy_columns(const ChunkRow& row) const {
        return cut(columns, row.columns_at, row.columns_size);
    }

    /// Adds a record that was read. `source`: of the import.
    void add(const importer::VoterRecord& record, std::string_view source);
    /// Adds a row that was refused.
    void add(const importer::Fault& fault, std::vector<std::string> cells);
    /// Gives a row other folded names than its record's.
    void rename(ChunkRow& row, std::string_view first_folded, std::string_view last_folded);
    /// By count and by bytes: several chunks are underway at once, and a file may be made to fill them.
    [[nodiscard]] bool full() const { return rows.size() >= 20'000 || faults.size() >= 5'000 || bytes() >= kMostBytes; }
    [[nodiscard]] std::size_t bytes() const { return columns.size() + texts.size() + fault_bytes; }
    static constexpr std::size_t kMostBytes = 12u << 20;

  private:
    void keep(std::string_view text, std::uint32_t& at, std::uint32_t& size);
    static std::string_view cut(const std::string& text, std::uint32_t at, std::uint32_t size) {
        return std::string_view(text).substr(at, size);
    }
};

/// Columns of campaign.voters that an import writes beside `id`, in the order of `Chunk::columns`.
inline constexpr std::string_view kVoterColumns =
    "source, identity, first_name, middle_name, last_name, suffix, date_of_birth, birth_year, gender, party, status,"
    " registered_at, phone, email, other_phones, other_emails, address, address2, city, state, zip, zip4, county, "
    "country,"
    " mailing, precinct, districts, extra, content_hash";
inline constexpr std::int16_t kVoterColumnCount = 29;

}  // namespace townhall::campaign
