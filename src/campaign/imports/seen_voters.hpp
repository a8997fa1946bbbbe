#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <unordered_map>
#include <vector>

#include "importer/importer.hpp"

namespace townhall::campaign {

/// The first pass over a file: how many rows it has, and which voters it names more than once (the last row counts).
///
/// Voters are told apart by 64 bits of their identity's hash: in ten million rows, two voters are taken for one with a
/// probability of three in a million. Memory: 8 bytes a voter at a load of at most 3/4, and some 50 for each that comes
/// again; past the limits the pass stops telling duplicates, and each row of a voter is then written in turn.
class SeenVoters {
  public:
    struct Limits {
        std::size_t voters = 40'000'000;
        std::size_t repeated = 2'000'000;  // voters that come more than once
    };

    /// Throws what the importer throws. `canceled` is asked now and then; the pass ends early when it says so.
    static SeenVoters scan(const std::filesystem::path& path, const importer::Plan& plan,
                           const std::function<bool()>& canceled, Limits limits);
    static SeenVoters scan(const std::filesystem::path& path, const importer::Plan& plan,
                           const std::function<bool()>& canceled) {
        return scan(path, plan, canceled, Limits());
    }

    [[nodiscard]] std::int64_t rows() const { return rows_; }
    /// Whether every voter of a file appears once where `superseded` says no.
    [[nodiscard]] bool complete() const { return complete_; }
    /// Voters that are known to come more than once.
    [[nodiscard]] std::size_t repeated() const { return last_.size(); }
    /// Whether a later row of the file is about the same voter.
    [[nodiscard]] bool superseded(std::uint64_t identity_hash, std::uint32_t member, std::uint64_t line) const;

  private:
    struct Place {
        std::uint32_t member;
        std::uint64_t line;
    };

    std::int64_t rows_ = 0;
    bool complete_ = true;
    std::unordered_map<std::uint64_t, Place> last_;  // of voters that are named more than once
};

}  // namespace townhall::campaign
