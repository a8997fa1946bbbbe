#include "platform/api/json.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fmt/format.h>
#include <functional>
#include <gtest/gtest.h>

namespace townhall::api::json {
namespace {

std::string again(std::string_view text) {
    const auto value = parse(text);
    std::string out;
    if (value) write(out, *value);
    return out;
}

TEST(Json, NumbersAreReadExactly) {
    for (const char* text : {"0.1", "-9.223345678901235e+22", "1.7976931348623157e+308", "5e-324",
                             "2.2250738585072014e-308", "0.30000000000000004", "123456.789"})
        EXPECT_EQ(again(text), text);
    EXPECT_EQ(again("[1.5]"), "[1.5]");
    EXPECT_EQ(parse("4.9406564584124654e-325")->get_if<double>() != nullptr, true) << "too small is no fault";
    EXPECT_FALSE(parse("1e400"));
    EXPECT_FALSE(parse("[-1e400]"));
}

TEST(Json, WholeNumbersAreWrittenAsPeopleDo) {
    EXPECT_EQ(again("1e6"), "1000000");
    EXPECT_EQ(again("-2.50e2"), "-250");
    EXPECT_EQ(again("0.0"), "0");
    EXPECT_EQ(again("1e21"), "1e+21") << "as an integer it could not be read again";
    EXPECT_EQ(again("9223372036854775807"), "9223372036854775807");
}

TEST(Json, AnIntegerIsANumberWithoutAFraction) {
    for (const auto& [text, number] :
         std::initializer_list<std::pair<std::string_view, std::int64_t>>{{"1980", 1980},
                                                                          {"1980.0", 1980},
                                                                          {"-1.98e3", -1980},
                                                                          {"-0.0", 0},
                                                                          {"9007199254740991.0", 9007199254740991},
                                                                          {"9223372036854775807", INT64_MAX}})
        EXPECT_EQ(parse(text)->integer(), number) << text;
    for (const char* text : {"1980.5", "9007199254740993.0", "1e19", "-1e300", "\"7\"", "true", "null", "[7]"})
        EXPECT_FALSE(parse(text)->integer()) << text;
}

TEST(Json, FindsAKeyThatComesTwiceAmongMany) {
    std::string text = "{";
    for (int i = 0; i < 50'000; ++i) text += fmt::format("\"k{}\":1,", i);
    EXPECT_TRUE(parse(text + "\"k\":1}"));
    EXPECT_FALSE(parse(text + "\"k49999\":1}"));
    EXPECT_FALSE(parse(text + "\"k0\":1}"));
}

/// Makes keys that libstdc++'s std::hash takes for one. It is MurmurHash64A with a known seed: whatever the state and
/// the first eight bytes, there are eight bytes that lead on to any state wanted.
class Colliding {
  public:
    /// Texts of 16 letters which all lead from `state` to one other, which is `state` afterwards.
    static std::vector<std::string> stage(std::uint64_t& state, std::size_t count) {
        const std::uint64_t target = step(state, mixed(0x1234));
        std::vector<std::string> texts;
        for (std::uint32_t i = 0; texts.size() < count; ++i) {
            std::string text = fmt::format("{:08x}", i);
            const std::uint64_t wanted = target * kInverse ^ step(state, mixed(word(text)));
            text.resize(16);
            const std::uint64_t second = unmixed(wanted);
            std::memcpy(text.data() + 8, &second, 8);
            if (std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127 && c != '"' && c != '\\'; }))
                texts.push_back(std::move(text));
        }
        state = target;
        return texts;
    }

    /// sixteen^stages keys.
    static std::vector<std::string> keys(std::size_t stages) {
        std::uint64_t state = kSeed ^ (stages * 16 * kFactor);
        std::vector<std::string> keys{""};
        for (std::size_t i = 0; i < stages; ++i) {
            std::vector<std::string> longer;
            const auto texts = stage(state, 16);
            for (const std::string& key : keys)
                for (const std::string& text : texts) longer.push_back(key + text);
            keys = std::move(longer);
        }
        return keys;
    }

  private:
    static constexpr std::uint64_t kFactor = 0xc6a4a7935bd1e995, kSeed = 0xc70f6907;
    static constexpr std::uint64_t kInverse = [] {  // of kFactor, modulo 2^64, by Newton's steps
        std::uint64_t inverse = kFactor;
        for (int i = 0; i < 6; ++i) inverse *= 2 - kFactor * inverse;
        return inverse;
    }();

    static std::uint64_t word(const std::string& text) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data(), 8);
        return word;
    }
    static std::uint64_t shifted(std::uint64_t word) { return word ^ (word >> 47); }  // its own inverse
    static std::uint64_t mixed(std::uint64_t word) { return shifted(word * kFactor) * kFactor; }
    static std::uint64_t unmixed(std::uint64_t word) { return shifted(word * kInverse) * kInverse; }
    static std::uint64_t step(std::uint64_t state, std::uint64_t word) { return (state ^ word) * kFactor; }
};

TEST(Json, KeysThatWereChosenToCollideAreReadAsFastAsOthers) {
    const auto time_of = [](const std::vector<std::string>& keys) {
        std::string text;
        for (const std::string& key : keys) text += fmt::format("{}\"{}\":1", text.empty() ? "{" : ",", key);
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_TRUE(parse(text + "}"));
        return std::chrono::steady_clock::now() - begin;
    };
    const std::vector<std::string> colliding = Colliding::keys(4);  // 65,536 of 64 bytes
    std::vector<std::string> others;
    for (std::size_t i = 0; i < colliding.size(); ++i) others.push_back(fmt::format("{:064}", i * 7919));
    ASSERT_EQ(std::hash<std::string_view>()(colliding.front()), std::hash<std::string_view>()(colliding.back()));
    EXPECT_LT(time_of(colliding), 10 * time_of(others));
}

}  // namespace
}  // namespace townhall::api::json
