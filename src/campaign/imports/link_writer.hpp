#pragma once

#include <string>
#include <unordered_set>

#include "campaign/imports/chunk.hpp"
#include "campaign/imports/voter_writer.hpp"
#include "platform/db/sync/connection.hpp"

namespace townhall::campaign {

/// Commits, in one transaction a chunk: the links to voters that are written already, the names that find them, the
/// faults, and how far the import has come. What is committed here is never done again.
class LinkWriter {
  public:
    /// `before`: the counts that earlier runs of the same import committed.
    LinkWriter(db::Connection& connection, const ImportOrder& order, const Counts& before);

    /// False when somebody wants the import canceled; the chunk is committed all the same.
    [[nodiscard]] bool write(const Chunk& chunk);

    [[nodiscard]] const Counts& counts() const { return counts_; }

  private:
    void link(const Chunk& chunk);
    void link_again(const Chunk& chunk);
    void remember_names(const Chunk& chunk);
    void keep_faults(const Chunk& chunk);
    [[nodiscard]] bool keep_progress(const Chunk& chunk);

    static constexpr std::size_t kMostNames = 1'000'000;  // known to be there; an optimisation, so it may forget

    db::Connection& connection_;
    const ImportOrder& order_;
    Counts counts_;
    std::unordered_set<std::string> first_names_, last_names_;
    bool first_chunk_ = true;  // of this run
    std::string row_;
};

}  // namespace townhall::campaign
