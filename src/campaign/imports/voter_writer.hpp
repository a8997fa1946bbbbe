#pragma once

#include <optional>
#include <string>

#include "campaign/imports/chunk.hpp"
#include "campaign/imports/told.hpp"
#include "platform/db/sync/connection.hpp"

namespace townhall::campaign {

enum class OnMatch { update, skip };

/// What an import was asked to do.
struct ImportOrder {
    std::string id;  // UUID
    std::int64_t campaign = 0;
    std::string source;
    OnMatch on_match = OnMatch::update;
    bool dry_run = false;
    bool resumed = false;  // by a run after the first
    Told told = {};
};

/// Writes a chunk's voters, in a transaction of its own, and finds what is to be linked.
///
/// Where the source held no voter when the import began (and nobody else imports it: it is locked), every row is new
/// and goes straight into the table. Otherwise the chunk's identities are looked up first, new voters are copied and
/// changed ones updated through a temporary table.
class VoterWriter {
  public:
    /// `rows_are_distinct`: no voter is in the file twice, but for rows that were passed over.
    VoterWriter(db::Connection& connection, const ImportOrder& order, bool rows_are_distinct);

    void write(Chunk& chunk);

  private:
    struct Known {
        std::int64_t id;
        std::optional<std::int64_t> content_hash;
        enum class Link { none, removed, held } link;
        bool changed_by_us;                      // since the import began
        bool hidden;                             // from every campaign, until an admin says otherwise
        std::string_view first_name, last_name;  // of those whom the campaign does not hold; of the look-up's result
    };
    struct LookUp {
        db::Result result;
        std::vector<std::optional<Known>> known;  // a place for each row
    };

    void write_new(Chunk& chunk);
    void write_mixed(Chunk& chunk);
    [[nodiscard]] LookUp look_up(const Chunk& chunk);
    void name_as_known(Chunk& chunk, ChunkRow& row, const Known& known, bool rewrite) const;
    void reserve_ids(std::size_t count);
    void copy_voters(Chunk& chunk, const std::vector<std::uint32_t>& rows);
    void update_voters(const Chunk& chunk, const std::vector<std::uint32_t>& rows);
    void keep_last_of_each(Chunk& chunk);

    db::Connection& connection_;
    const ImportOrder& order_;
    bool rows_are_distinct_;
    bool source_is_empty_;
    std::vector<std::int64_t> ids_;  // reserved, not used yet
    std::string update_, update_names_, update_links_;
    int chunks_in_doubt_;  // whose voters an earlier run may have written
    std::string row_;      // one COPY row, reused
};

}  // namespace townhall::campaign
