#include "importer/reader/sniff.hpp"

#include <gtest/gtest.h>

#include "importer/layout/layout.hpp"

namespace townhall::importer {
namespace {

Sniffed look(std::string_view sample) {
    return sniff({.sample = sample,
                  .complete = true,
                  .encoding = Encoding::utf8,
                  .keep_rows = 50,
                  .limits = {},
                  .is_known_header = is_known_header});
}

TEST(Sniff, finds_the_delimiter) {
    EXPECT_EQ(look("id,name\n1,a\n2,b\n").dialect.delimiter, ',');
    EXPECT_EQ(look("id\tname\n1\ta, b\n2\tc, d\n").dialect.delimiter, '\t');
    EXPECT_EQ(look("id|name|x\n1|a,b|\n2|c,d|\n").dialect.delimiter, '|');
    EXPECT_EQ(look("id;name;amount\n1;a;1,5\n2;b;2,5\n").dialect.delimiter, ';');
    EXPECT_EQ(look("id^name\n1^a\n2^b\n").dialect.delimiter, '^');
    EXPECT_EQ(look("sep=^\r\nid^name,x\r\n1^a,b\r\n").dialect.delimiter, '^');
    EXPECT_EQ(look("sep=^\r\nid^name,x\r\n1^a,b\r\n").dialect.skip_lines, 1U);
    EXPECT_EQ(look("id,note\n1,\"a;b;c;d\"\n2,\"e;f;g;h\"\n").dialect.delimiter, ',');
    EXPECT_EQ(look("nothing here\nat all of a table\n").confidence, 0);
    EXPECT_GT(look("email\na@b.org\n").confidence, 0);
}

TEST(Sniff, finds_quoting_and_line_ends) {
    EXPECT_EQ(look("id,name\r1,a\r2,b\r").dialect.line_end, '\r');
    EXPECT_EQ(look("id,name,z\n'1','a,b','c'\n'2','b,c','d'\n").dialect.quote, '\'');
    EXPECT_EQ(look("id,name,z\n1,O'Neil,c\n2,D'Arcy,d\n").dialect.quote, '"');
    EXPECT_TRUE(look("id, name, z\n1, \"a, b\", c\n2, \"d, e\", f\n").dialect.skip_blanks);
    EXPECT_TRUE(look("id|name\n1|a\n2|b\n").dialect.lenient_quotes);
    EXPECT_FALSE(look("id|name\n1|\"a\"\n2|b\n").dialect.lenient_quotes);
    EXPECT_FALSE(look("id,name\n1,a\n2,b\n").dialect.lenient_quotes);
    EXPECT_EQ(look("id,name\n1,\"a \\\"x\\\", b\"\n2,\"c \\\", d\"\n").dialect.escape, '\\');
    EXPECT_EQ(look("\xEF\xBB\xBFid,name\n1,a\n").dialect.skip_bytes, 3U);
}

TEST(Sniff, passes_over_titles) {
    const Sniffed found =
        look("Voters of Wake County\nmade 2025-01-01\n\nvoter_id,first_name,last_name\n1,a,b\n2,c,d\n");
    EXPECT_EQ(found.dialect.skip_lines, 3U);
    EXPECT_EQ(found.rows.front().front(), "voter_id");
}

TEST(Sniff, tells_headers_from_data) {
    const auto header = [](std::string_view sample) { return has_header(look(sample).rows, is_known_header); };
    EXPECT_TRUE(header("voter_id,last_name\n1,a\n"));
    EXPECT_TRUE(header("kennung,wert\n1,5\n2,6\n"));
    EXPECT_FALSE(header("1,Smith\n2,Jones\n"));
    EXPECT_FALSE(header("John,Smith\nMary,Jones\n"));
    EXPECT_FALSE(header("John,Smith,a@b.org\nMary,Jones,c@d.org\n"));
}

TEST(Sniff, refuses_what_is_no_text) {
    EXPECT_TRUE(refuse_sample(std::string(100, '\1').append(100, '\0')));
    EXPECT_TRUE(refuse_sample("{\"a\": 1}"));
    EXPECT_TRUE(refuse_sample("[\n {\"a\": 1}]"));
    EXPECT_TRUE(refuse_sample("<?xml version=\"1.0\"?>"));
    EXPECT_TRUE(refuse_sample(" \n \n"));
    EXPECT_FALSE(refuse_sample("[ID],[Name]\n1,2\n"));
}

TEST(Sniff, notices_short_rows) {
    EXPECT_TRUE(look("a,b,c\n1,2,3\n1,2,3\n1,2\n1,2\n1,2\n1,2,3\n1,2,3\n").has_short_rows);
    EXPECT_FALSE(look("a,b,c\n1,2,3\n1,2,3\n1,2\n").has_short_rows);
}

}  // namespace
}  // namespace townhall::importer
