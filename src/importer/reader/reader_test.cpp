#include "importer/reader/reader.hpp"

#include <gtest/gtest.h>

#include "importer/source/source.hpp"

namespace townhall::importer {
namespace {

using Row = std::vector<std::string>;

struct Read {
    std::vector<Row> rows;
    std::vector<std::uint64_t> lines;
    std::vector<std::uint64_t> offsets;
    std::vector<RawFault> faults;
};

/// Reads in pieces of `piece` bytes, so that every place of a buffer's end is met, and checks what must hold of any
/// text.
Read read(std::string_view text, Dialect dialect = {}, Limits limits = {}, std::size_t piece = SIZE_MAX) {
    limits.max_record = std::min<std::size_t>(limits.max_record, 4096);
    MemorySource source(text, piece);
    Reader reader(source, dialect, limits);
    Read out;
    for (auto outcome = reader.next(); outcome != Reader::Outcome::end; outcome = reader.next()) {
        if (outcome == Reader::Outcome::fault) {
            out.faults.push_back(reader.fault());
            continue;
        }
        const RawRecord& record = reader.record();
        EXPECT_EQ(text.substr(record.byte_offset, record.text.size()), record.text);
        EXPECT_EQ(record.line, 1U + std::count(text.begin(), text.begin() + record.byte_offset, dialect.line_end));
        out.rows.emplace_back(record.fields.begin(), record.fields.end());
        out.lines.push_back(record.line);
        out.offsets.push_back(record.byte_offset);
    }
    EXPECT_EQ(reader.byte_offset(), text.size());
    return out;
}

void expect_rows(std::string_view text, const std::vector<Row>& rows, Dialect dialect = {}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, SIZE_MAX}) {
        const Read got = read(text, dialect, {}, piece);
        EXPECT_EQ(got.rows, rows) << text << " in pieces of " << piece;
        EXPECT_TRUE(got.faults.empty()) << text << " in pieces of " << piece;
    }
}

TEST(Reader, reads_rfc_4180) {
    expect_rows("a,b,c\nd,e,f\n", {{"a", "b", "c"}, {"d", "e", "f"}});
    expect_rows("a,b,c\r\nd,e,f\r\n", {{"a", "b", "c"}, {"d", "e", "f"}});
    expect_rows("a,b\nc,d", {{"a", "b"}, {"c", "d"}});
    expect_rows("\"a\",\"b\"\"c\"\n\"\",\"d,e\"\n", {{"a", "b\"c"}, {"", "d,e"}});
    expect_rows("\"a\nb\",c\r\n\"d\r\ne\",f\r\n", {{"a\nb", "c"}, {"d\r\ne", "f"}});
    expect_rows(",,\n", {{"", "", ""}});
    expect_rows("a,\"\"\"\"", {{"a", "\""}});
    expect_rows("a,\"b\"", {{"a", "b"}});
    expect_rows("", {});
}

TEST(Reader, reads_what_files_make_of_it) {
    expect_rows("\n\na\n\r\nb\n\r\n\n\r", {{"a"}, {"b"}});
    expect_rows("a \"b\" c,d\"\n", {{"a \"b\" c", "d\""}});
    expect_rows("\"a\" ,b\n\"c\"  \r\nd,\"e\" ", {{"a", "b"}, {"c"}, {"d", "e"}});
    expect_rows("\"he said \"hi\" twice\",b\n", {{"he said \"hi\" twice", "b"}});
    expect_rows("a\rb,c\n", {{"a\rb", "c"}});
    expect_rows("a,b\r", {{"a", "b"}});
    Dialect mac;
    mac.line_end = '\r';
    expect_rows("a,\"b\rc\"\r\rd,e\r", {{"a", "b\rc"}, {"d", "e"}}, mac);
    Dialect tab;
    tab.delimiter = '\t';
    tab.quote = '\0';
    expect_rows("\"a\tb\"\n", {{"\"a", "b\""}}, tab);
    Dialect slash;
    slash.escape = '\\';
    expect_rows("\"a\\\"b\",\"c\\\\\"\n\"d\\\",e\"\n", {{"a\"b", "c\\\\"}, {"d\",e"}}, slash);
    Dialect spaced;
    spaced.skip_blanks = true;
    expect_rows("a, \"b, c\", d\n", {{"a", "b, c", "d"}}, spaced);
    Dialect lenient;
    lenient.lenient_quotes = true;
    expect_rows("\"bud\" smith,b\n\"c,d\n\"e\",f\n", {{"\"bud\" smith", "b"}, {"\"c", "d"}, {"e", "f"}}, lenient);
}

TEST(Reader, one_stray_quote_costs_one_line) {
    const std::string text = "1,a,b\n2,\"a,b\n3,\"a\",b\n4,a,b\n";
    for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, SIZE_MAX}) {
        const Read got = read(text, {}, {}, piece);
        EXPECT_EQ(got.rows, (std::vector<Row>{{"1", "a", "b"}, {"3", "a", "b"}, {"4", "a", "b"}}));
        EXPECT_EQ(got.lines, (std::vector<std::uint64_t>{1, 3, 4}));
        ASSERT_EQ(got.faults.size(), 1U);
        EXPECT_EQ(got.faults[0].line, 2U);
        EXPECT_EQ(got.faults[0].byte_offset, 6U);
        EXPECT_EQ(got.faults[0].column, 1U);
        EXPECT_EQ(got.faults[0].text, "2,\"a,b");
    }
}

TEST(Reader, a_stray_quote_without_another_is_found_by_the_bound_on_lines_or_the_end) {
    std::string text = "1,\"a\n";
    for (int i = 2; i <= 200; ++i) text += std::to_string(i) + ",b\n";
    const Read far = read(text);
    EXPECT_EQ(far.rows.size(), 199U);
    ASSERT_EQ(far.faults.size(), 1U);
    EXPECT_EQ(far.faults[0].line, 1U);
    const Read near = read("1,\"a\r\n2,b\r\n3,c");
    EXPECT_EQ(near.rows, (std::vector<Row>{{"2", "b"}, {"3", "c"}}));
    ASSERT_EQ(near.faults.size(), 1U);
    EXPECT_EQ(near.faults[0].text, "1,\"a");
}

TEST(Reader, text_behind_a_closing_quote_is_a_fault_of_its_line) {
    const Read got = read("\"a\"b,c\nd,e\n");
    EXPECT_EQ(got.rows, (std::vector<Row>{{"d", "e"}}));
    ASSERT_EQ(got.faults.size(), 1U);
    EXPECT_EQ(got.faults[0].kind, ReadFault::quote);
}

TEST(Reader, a_stray_quote_behind_an_honest_field_of_lines_keeps_the_line_numbers) {
    const Read got = read("\"a\nb\",\"c\nd,\"e\",f\ng,h\n");
    ASSERT_EQ(got.faults.size(), 1U);
    EXPECT_EQ(got.faults[0].text, "\"a\nb\",\"c");
    EXPECT_EQ(got.lines, (std::vector<std::uint64_t>{3, 4}));
}

TEST(Reader, sizes_are_bounded) {
    Limits limits;
    limits.max_field = 10;
    limits.max_columns = 3;
    Read got = read("0123456789,a\n0123456789x,a\n\"0123456789x\",a\n\"0123456789\",a\n1,2,3,4,5\n1,2,3\n", {}, limits);
    EXPECT_EQ(got.lines, (std::vector<std::uint64_t>{1, 4, 6}));
    ASSERT_EQ(got.faults.size(), 3U);
    EXPECT_EQ(got.faults[0].kind, ReadFault::field_too_long);
    EXPECT_EQ(got.faults[1].kind, ReadFault::field_too_long);
    EXPECT_EQ(got.faults[2].kind, ReadFault::too_many_columns);
    EXPECT_EQ(got.faults[2].text, "1,2,3,4,5");

    limits = {};
    limits.max_record = 100;
    limits.max_fault_text = 20;
    const std::string huge(1'000'000, 'x');
    got = read("a,b\n" + huge + "\nc,d\n\"" + huge + "\"\ne,f\n", {}, limits, 300'000);
    EXPECT_EQ(got.lines, (std::vector<std::uint64_t>{1, 3, 5}));
    ASSERT_EQ(got.faults.size(), 2U);
    EXPECT_EQ(got.faults[0].kind, ReadFault::record_too_long);
    EXPECT_EQ(got.faults[0].text.size(), 20U);
}

TEST(Reader, goes_on_where_another_stopped) {
    const std::string text = "a,b\n\"c\nd\",e\nf,g\n";
    MemorySource whole(text);
    Reader first(whole, {}, {});
    EXPECT_EQ(first.next(), Reader::Outcome::record);
    EXPECT_EQ(first.next(), Reader::Outcome::record);
    MemorySource rest(std::string_view(text).substr(first.byte_offset()));
    Reader second(rest, {}, {}, first.byte_offset(), first.line());
    EXPECT_EQ(second.next(), Reader::Outcome::record);
    EXPECT_EQ(second.record().line, 4U);
    EXPECT_EQ(second.record().byte_offset, 12U);
    EXPECT_EQ(second.record().fields[0], "f");
    EXPECT_EQ(second.next(), Reader::Outcome::end);
}

TEST(Reader, gives_a_record_of_several_lines_back) {
    MemorySource source("1,\"a\n2,b\",c\n3,d,e\n");
    Reader reader(source, {}, {});
    ASSERT_EQ(reader.next(), Reader::Outcome::record);
    ASSERT_TRUE(reader.spans_lines());
    reader.resynchronise();
    EXPECT_EQ(reader.fault().text, "1,\"a");
    ASSERT_EQ(reader.next(), Reader::Outcome::record);
    EXPECT_EQ(reader.record().line, 2U);
    EXPECT_EQ(reader.record().text, "2,b\",c");
}

}  // namespace
}  // namespace townhall::importer
