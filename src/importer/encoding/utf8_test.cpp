#include "importer/encoding/utf8.hpp"

#include <gtest/gtest.h>

#include "importer/arena.hpp"

namespace townhall::importer {
namespace {

TEST(Utf8, accepts_what_rfc_3629_does) {
    for (const std::string_view text : {"", "plain", "Núñez", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                                        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "12345678é12345678"})
        EXPECT_TRUE(valid_utf8(text)) << text;
    for (const std::string_view text :
         {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
          "\xF5\x80\x80\x80", "\xC3", "\xE2\x82", "12345678\xE9", "\xC3("})
        EXPECT_FALSE(valid_utf8(text));
}

TEST(Utf8, finds_kinds_at_every_place) {
    for (std::size_t size : {1U, 15U, 16U, 17U, 40U})
        for (std::size_t at = 0; at < size; ++at) {
            std::string text(size, 'a');
            EXPECT_FALSE(byte_kinds(text).high || byte_kinds(text).nul);
            text[at] = '\x80';
            EXPECT_TRUE(byte_kinds(text).high);
            text[at] = '\0';
            EXPECT_TRUE(byte_kinds(text).nul && !byte_kinds(text).high);
        }
}

TEST(Utf8, reads_windows_1252) {
    Arena arena;
    EXPECT_EQ(from_windows1252("caf\xE9 \x80 \x93x\x94", arena), "café € “x”");
    const std::string_view plain = "plain";
    EXPECT_EQ(from_windows1252(plain, arena).data(), plain.data());
}

TEST(Utf8, readable_text_is_valid_and_bounded) {
    using std::string_view_literals::operator""sv;
    EXPECT_EQ(readable("a\xFF\0b"sv, Encoding::utf8, 100),
              "a\xEF\xBF\xBD\xEF\xBF\xBD"
              "b");
    EXPECT_EQ(readable("a\xE9", Encoding::windows1252, 100), "aé");
    EXPECT_EQ(readable("a\xE9", Encoding::utf8_or_windows1252, 100), "aé");
    EXPECT_EQ(readable("ééé", Encoding::utf8, 5), "éé");
}

}  // namespace
}  // namespace townhall::importer
