#include "platform/db/batch.hpp"

#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>

namespace townhall::db {
namespace {

Batch batch_of(std::initializer_list<const char*> names) {
    Batch batch;
    for (const char* name : names) {
        auto op = std::make_unique<Op>();
        op->statement.name = name;
        batch.ops.push_back(std::move(op));
    }
    return batch;
}

std::string names(const Batch& batch) {
    std::string all;
    for (const OpPtr& op : batch.ops) all += op->statement.name;
    return all;
}

TEST(GroupCommit, TheCulpritIsRefusedAndTheRestIsOneBatch) {
    auto after = after_failure(batch_of({"a", "b", "c", "d"}), {.culprit = 1, .sqlstate = "22012", .constraint = {}});
    ASSERT_TRUE(after.refused);
    EXPECT_STREQ(after.refused->statement.name, "b");
    ASSERT_EQ(after.again.size(), 1U);
    EXPECT_EQ(names(after.again[0]), "acd");
}

TEST(GroupCommit, ASecondFailureSplitsInHalves) {
    Batch batch = batch_of({"a", "b", "c", "d", "e"});
    batch.failures = 1;
    auto after = after_failure(std::move(batch), {.culprit = 0, .sqlstate = "22012", .constraint = {}});
    EXPECT_STREQ(after.refused->statement.name, "a");
    ASSERT_EQ(after.again.size(), 2U);
    EXPECT_EQ(names(after.again[0]), "bc");
    EXPECT_EQ(names(after.again[1]), "de");
}

TEST(GroupCommit, AConflictWithABatchMateIsTriedAloneAfterIt) {
    auto after = after_failure(batch_of({"a", "b", "c"}), {.culprit = 1, .sqlstate = "23505", .constraint = "k"});
    EXPECT_FALSE(after.refused);
    ASSERT_EQ(after.again.size(), 2U);
    EXPECT_EQ(names(after.again[0]), "ac");
    EXPECT_EQ(names(after.again[1]), "b");
    auto last = after_failure(std::move(after.again[1]), {.culprit = 0, .sqlstate = "23505", .constraint = "k"});
    EXPECT_TRUE(last.refused);
    EXPECT_TRUE(last.again.empty());
}

TEST(GroupCommit, AFirstStatementMetNobodyOfItsBatch) {
    auto after = after_failure(batch_of({"a", "b"}), {.culprit = 0, .sqlstate = "23505", .constraint = "k"});
    EXPECT_TRUE(after.refused);
    ASSERT_EQ(after.again.size(), 1U);
}

TEST(GroupCommit, ADeadlockSplitsAndBlamesNobody) {
    auto after = after_failure(batch_of({"a", "b", "c"}), {.culprit = 2, .sqlstate = "40P01", .constraint = {}});
    EXPECT_FALSE(after.refused);
    ASSERT_EQ(after.again.size(), 2U);
    EXPECT_EQ(names(after.again[0]), "ab");
    EXPECT_EQ(names(after.again[1]), "c");
    auto single = after_failure(std::move(after.again[1]), {.culprit = 0, .sqlstate = "40P01", .constraint = {}});
    EXPECT_TRUE(single.to_pool);
}

TEST(GroupCommit, ALockTimeoutSendsTheWaiterToThePool) {
    auto after = after_failure(batch_of({"a", "b", "c"}), {.culprit = 1, .sqlstate = "55P03", .constraint = {}});
    ASSERT_TRUE(after.to_pool);
    EXPECT_STREQ(after.to_pool->statement.name, "b");
    ASSERT_EQ(after.again.size(), 2U);
}

TEST(GroupCommit, AnErrorOfTheCommitSplitsUntilItHasAnOwner) {
    auto after = after_failure(batch_of({"a", "b"}), {.culprit = -1, .sqlstate = "23503", .constraint = "f"});
    EXPECT_FALSE(after.refused);
    ASSERT_EQ(after.again.size(), 2U);
    auto single = after_failure(std::move(after.again[1]), {.culprit = -1, .sqlstate = "23503", .constraint = "f"});
    ASSERT_TRUE(single.refused);
    EXPECT_STREQ(single.refused->statement.name, "b");
}

TEST(GroupCommit, AStalePlanRunsEverythingAgainButNotForEver) {
    Batch batch = batch_of({"a", "b"});
    const BatchFailure stale{.culprit = 1, .sqlstate = "0A000", .constraint = {}};
    for (int i = 0; i < 2; ++i) {
        auto after = after_failure(std::move(batch), stale);
        EXPECT_FALSE(after.refused);
        ASSERT_EQ(after.again.size(), 1U);
        batch = std::move(after.again[0]);
        EXPECT_EQ(names(batch), "ab");
    }
    EXPECT_TRUE(after_failure(std::move(batch), stale).refused);
}

/// Whatever fails, every statement ends exactly once.
TEST(GroupCommit, EveryStatementComesToAnEnd) {
    for (const char* code : {"22012", "23505", "40P01", "55P03", "0A000", "23503"}) {
        for (unsigned bad = 0; bad < 64; ++bad) {
            std::vector<Batch> work;
            work.push_back(batch_of({"a", "b", "c", "d", "e", "f"}));
            std::multiset<std::string> ended;
            for (int rounds = 0; !work.empty(); ++rounds) {
                ASSERT_LT(rounds, 100);
                Batch batch = std::move(work.front());
                work.erase(work.begin());
                int culprit = -1;
                for (int i = 0; i < static_cast<int>(batch.ops.size()) && culprit < 0; ++i)
                    if ((bad >> (batch.ops[static_cast<std::size_t>(i)]->statement.name[0] - 'a') & 1U) != 0)
                        culprit = i;
                if (culprit < 0) {
                    for (const OpPtr& op : batch.ops) ended.insert(op->statement.name);
                    continue;
                }
                auto after = after_failure(std::move(batch), {.culprit = culprit, .sqlstate = code, .constraint = {}});
                if (after.refused) ended.insert(after.refused->statement.name);
                if (after.to_pool) ended.insert(after.to_pool->statement.name);
                for (Batch& next : after.again) {
                    ASSERT_FALSE(next.ops.empty());
                    work.push_back(std::move(next));
                }
            }
            EXPECT_EQ(ended, (std::multiset<std::string>{"a", "b", "c", "d", "e", "f"})) << code << " " << bad;
        }
    }
}

}  // namespace
}  // namespace townhall::db
