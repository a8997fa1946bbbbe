#include "importer/encoding/detect.hpp"

#include <gtest/gtest.h>

namespace townhall::importer {
namespace {

using std::string_view_literals::operator""sv;

TEST(DetectEncoding, by_mark_zeros_or_sequences) {
    EXPECT_EQ(detect_encoding("\xEF\xBB\xBFx").encoding, Encoding::utf8);
    EXPECT_EQ(detect_encoding("\xEF\xBB\xBFx").bom, 3U);
    EXPECT_EQ(detect_encoding("\xFF\xFEx\0"sv).encoding, Encoding::utf16le);
    EXPECT_EQ(detect_encoding("\xFE\xFF\0x"sv).encoding, Encoding::utf16be);
    EXPECT_EQ(detect_encoding("i\0d\0,\0a\0"sv).encoding, Encoding::utf16le);
    EXPECT_EQ(detect_encoding("\0i\0d\0,\0a"sv).encoding, Encoding::utf16be);
    EXPECT_EQ(detect_encoding("id,name").encoding, Encoding::utf8_or_windows1252);
    EXPECT_EQ(detect_encoding("id,Núñez").encoding, Encoding::utf8);
    EXPECT_EQ(detect_encoding("id,N\xFA\xF1"
                              "ez,")
                  .encoding,
              Encoding::windows1252);
    EXPECT_EQ(detect_encoding("id,Núñez,\xFF,x,x").encoding, Encoding::utf8);
    EXPECT_EQ(detect_encoding("id,\xFF\x81,x,x").encoding, Encoding::utf8);
    EXPECT_EQ(detect_encoding("id,cut \xC3").encoding, Encoding::utf8_or_windows1252);
}

std::string repeated(std::string_view text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

TEST(DetectEncoding, a_few_bytes_that_are_undefined_do_not_make_latin_text_utf8) {
    const std::string latin = repeated("1,Jos\xE9,Mu\xF1oz\n", 300);
    EXPECT_EQ(detect_encoding(latin + "2,x\x9D,y\n").encoding, Encoding::windows1252);
    EXPECT_EQ(detect_encoding("2,x\x9D,y\n" + latin).encoding, Encoding::windows1252);
    EXPECT_EQ(detect_encoding(latin + repeated("\x81 x ", 20)).encoding, Encoding::windows1252);
    // Other encodings of one byte a letter, and of two.
    EXPECT_EQ(detect_encoding(latin + repeated("\x81 x ", 60)).encoding, Encoding::utf8);
    EXPECT_EQ(detect_encoding(repeated("1,Fran\x8Dois\n2,Andr\x8E\n", 50)).encoding, Encoding::utf8);
    EXPECT_EQ(detect_encoding(repeated("\x81\x8D,", 50)).encoding, Encoding::utf8);
}

TEST(DetectEncoding, broken_utf8_stays_utf8) {
    const std::string sound = repeated("1,José,Muñoz\n", 30);
    EXPECT_EQ(detect_encoding(sound + repeated("2,Jos\xC3,x\n", 60)).encoding, Encoding::utf8);
    EXPECT_EQ(detect_encoding(sound + repeated("2,Jos\xE9\x9D,x\n", 30)).encoding, Encoding::utf8);
    EXPECT_EQ(detect_encoding(repeated("\xE2\x82 \x9D", 30)).encoding, Encoding::utf8);
}

std::string through(std::string_view bytes, bool big, std::size_t piece) {
    Utf16Source source(std::make_unique<MemorySource>(bytes, piece), big);
    std::string out;
    char c = 0;
    while (source.read(&c, 1) == 1) out += c;
    return out;
}

TEST(Utf16, becomes_utf8_in_any_pieces) {
    for (const std::size_t piece : {1U, 2U, 3U, 100U}) {
        EXPECT_EQ(through("\xFF\xFE"
                          "a\0\xFA\0\xAC\x20\x3D\xD8\x00\xDE"sv,
                          false, piece),
                  "\xEF\xBB\xBF"
                  "aú€😀");
        EXPECT_EQ(through("\0a\0\xFA\x20\xAC\xD8\x3D\xDE\x00"sv, true, piece), "aú€😀");
        EXPECT_EQ(through("\x3D\xD8"
                          "a\0\x00\xDE"
                          "b\0\x3D\xD8"sv,
                          false, piece),
                  "\xFF"
                  "a\xFF"
                  "b\xFF");
        EXPECT_EQ(through("a\0b"sv, false, piece), "a\xFF");
    }
}

}  // namespace
}  // namespace townhall::importer
