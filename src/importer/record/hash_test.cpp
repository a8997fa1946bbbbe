#include "importer/record/hash.hpp"

#include <gtest/gtest.h>
#include <set>

#include "importer/record/json.hpp"

namespace townhall::importer {
namespace {

Hash128 hash(std::initializer_list<std::string_view> values) {
    Hasher hasher;
    for (const auto value : values) hasher.add(value);
    return hasher.finish();
}

// These values are in databases: a change here makes known voters new ones.
TEST(Hash, never_changes) {
    const Hash128 known = hash({"smith", "", "a rather longer value than sixteen"});
    EXPECT_EQ(known.high, 9004429508719582429ULL);
    EXPECT_EQ(known.low, 2502858073534888528ULL);
}

TEST(Hash, keeps_values_apart) {
    EXPECT_NE(hash({"ab", "c"}), hash({"a", "bc"}));
    EXPECT_NE(hash({"a", ""}), hash({"", "a"}));
    EXPECT_NE(hash({"a"}), hash({"a", ""}));
    EXPECT_NE(hash({std::string_view("a\0", 2)}), hash({"a"}));
    std::set<std::uint64_t> low;
    std::set<std::uint64_t> high;
    for (int i = 0; i < 100'000; ++i) {
        const Hash128 one = hash({std::to_string(i)});
        low.insert(one.low);
        high.insert(one.high);
    }
    EXPECT_EQ(low.size(), 100'000U);
    EXPECT_EQ(high.size(), 100'000U);
}

TEST(Hash, every_byte_of_every_size_counts) {
    for (std::size_t size = 1; size <= 50; ++size)
        for (std::size_t at = 0; at < size; ++at) {
            std::string text(size, 'a');
            const Hash128 before = hash({text});
            text[at] = 'b';
            const Hash128 after = hash({text});
            EXPECT_TRUE(before.high != after.high && before.low != after.low) << size << ' ' << at;
        }
}

TEST(Json, escapes) {
    std::string out;
    append_json_string(out, "a\"b\\c\n\x1F/é");
    EXPECT_EQ(out, "\"a\\\"b\\\\c\\u000a\\u001f/é\"");
}

}  // namespace
}  // namespace townhall::importer
