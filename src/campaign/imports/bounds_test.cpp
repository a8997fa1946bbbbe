#include <fmt/format.h>
#include <gtest/gtest.h>

#include "campaign/imports/chunk.hpp"
#include "campaign/imports/seen_voters.hpp"
#include "importer/testing.hpp"

// What a file made for it could make an import keep in memory.
namespace townhall::campaign {
namespace {

TEST(Chunk, IsFullOfLongRowsThatWereRefused) {
    importer::Fault fault;
    fault.text.assign(64 * 1024, 'x');
    Chunk chunk;
    while (!chunk.full()) chunk.add(fault, {fault.text});
    EXPECT_LE(chunk.faults.size(), Chunk::kMostBytes / (128 * 1024) + 1);
}

TEST(Chunk, IsFullOfRefusedRowsWithManyCells) {
    importer::Fault fault;
    fault.text.assign(64 * 1024, ',');
    Chunk chunk;
    while (!chunk.full()) chunk.add(fault, std::vector<std::string>(64 * 1024));
    EXPECT_LE(chunk.faults.size(), Chunk::kMostBytes / (64 * 1024 * sizeof(std::string)) + 1);
}

TEST(Chunk, IsFullOfLongNames) {
    const std::string name(64 * 1024, 'n');
    importer::VoterRecord record;
    record.identity = "1";
    record.first_folded = record.last_folded = name;
    Chunk chunk;
    while (!chunk.full()) chunk.add(record, "s");
    EXPECT_LE(chunk.rows.size(), Chunk::kMostBytes / (128 * 1024) + 1);
}

SeenVoters scanned(std::string_view text, SeenVoters::Limits limits) {
    const importer::testing::TempFile file(text);
    return SeenVoters::scan(file.path(), importer::inspect(file.path()), [] { return false; }, limits);
}

/// `voters` ids, each `times`.
std::string file_of(int voters, int times) {
    std::string out = "voter_id,last_name\n";
    for (int time = 0; time < times; ++time)
        for (int i = 0; i < voters; ++i) out += fmt::format("{},Name\n", i);
    return out;
}

TEST(SeenVoters, TellWhoComesAgainWithinTheLimits) {
    const SeenVoters seen = scanned(file_of(100, 2), {.voters = 100, .repeated = 100});
    EXPECT_TRUE(seen.complete());
    EXPECT_EQ(seen.rows(), 200);
    EXPECT_EQ(seen.repeated(), 100u);
}

TEST(SeenVoters, KeepNothingOfMoreVotersThanTheLimit) {
    const SeenVoters seen = scanned(file_of(101, 2), {.voters = 100, .repeated = 1'000});
    EXPECT_FALSE(seen.complete());
    EXPECT_EQ(seen.rows(), 202);
    EXPECT_EQ(seen.repeated(), 0u);
}

TEST(SeenVoters, KeepNothingOfMoreThatComeAgainThanTheLimit) {
    const SeenVoters seen = scanned(file_of(100, 2), {.voters = 1'000, .repeated = 99});
    EXPECT_FALSE(seen.complete());
    EXPECT_EQ(seen.rows(), 200);
    EXPECT_EQ(seen.repeated(), 0u);
}

}  // namespace
}  // namespace townhall::campaign
