#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>

#include "importer/importer.hpp"
#include "importer/record/identity.hpp"
#include "importer/testing.hpp"

namespace townhall::importer {
namespace {

using testing::TempFile;
using std::string_view_literals::operator""sv;

Options options() {
    Options out;
    out.today = Date{2026, 3, 15};
    return out;
}

/// What came of each row, in a line of text.
std::string describe(const Item& item) {
    if (const auto* const* record = std::get_if<const VoterRecord*>(&item)) {
        const VoterRecord& r = **record;
        return fmt::format("{}:{} {} {} {} {} {} {:x}", r.line, r.byte_offset, r.identity, r.first_name, r.last_name,
                           r.phone, r.extra, r.content_hash.low);
    }
    const Fault& fault = *std::get<const Fault*>(item);
    return fmt::format("{}:{} ! {} [{}] {} {}", fault.line, fault.byte_offset, fault.code, fault.column, fault.member,
                       fault.text);
}

std::vector<std::string> import(const std::filesystem::path& path, const Options& with = options()) {
    Stream stream(path, inspect(path, with));
    std::vector<std::string> out;
    while (const auto item = stream.next()) out.push_back(describe(*item));
    EXPECT_EQ(stream.bytes_read(), stream.bytes_total());
    return out;
}

std::vector<std::string> import_text(std::string_view text, const Options& with = options()) {
    return import(TempFile(text).path(), with);
}

/// The rows without their hashes and places.
std::vector<std::string> names_of(std::string_view text) {
    std::vector<std::string> out;
    const TempFile file(text);
    Stream stream(file.path(), inspect(file.path(), options()));
    while (const auto item = stream.next()) {
        const auto* const* record = std::get_if<const VoterRecord*>(&*item);
        out.push_back(record != nullptr ? std::string((*record)->last_name)
                                        : "!" + std::string(std::get<const Fault*>(*item)->code));
    }
    return out;
}

using Names = std::vector<std::string>;

std::string utf16(std::u16string_view text, bool big) {
    std::string out;
    for (const char16_t unit : text) {
        const char low = static_cast<char>(unit & 0xFF);
        const char high = static_cast<char>(unit >> 8);
        out += big ? high : low;
        out += big ? low : high;
    }
    return out;
}

TEST(Stream, reads_every_encoding) {
    EXPECT_EQ(names_of("voter_id,last_name\n1,Núñez\n"), (Names{"Núñez"}));
    EXPECT_EQ(names_of("\xEF\xBB\xBFvoter_id,last_name\n1,Núñez\n"), (Names{"Núñez"}));
    EXPECT_EQ(names_of("voter_id,last_name\n1,N\xFA\xF1"
                       "ez\n"),
              (Names{"Núñez"}));
    EXPECT_EQ(names_of(utf16(u"\xFEFFvoter_id,last_name\r\n1,Núñez😀\r\n", false)), (Names{"Núñez😀"}));
    EXPECT_EQ(names_of(utf16(u"\xFEFFvoter_id,last_name\r\n1,Núñez\r\n", true)), (Names{"Núñez"}));
    EXPECT_EQ(names_of(utf16(u"voter_id\tlast_name\n1\tSmith\n", false)), (Names{"Smith"}));
}

TEST(Stream, a_row_of_bad_bytes_is_one_fault) {
    EXPECT_EQ(names_of("voter_id,last_name\n1,Núñez\n2,\xFF\xFE\n3,Zoë\n"), (Names{"Núñez", "!encoding", "Zoë"}));
    EXPECT_EQ(names_of("voter_id,last_name\n1,Smith\n2,a\0b\n3,Jones\n"sv), (Names{"Smith", "!nul", "Jones"}));
    const auto rows = import_text("voter_id,last_name\n1,Zoë\n2,a\0b\n"sv);
    EXPECT_EQ(rows[1],
              "3:26 ! nul [last_name]  2,a\xEF\xBF\xBD"
              "b");
}

TEST(Stream, latin_rows_behind_an_ascii_sample_are_read) {
    std::string text = "voter_id,last_name\n";
    for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + ",Smith\n";
    const auto names = names_of(text +
                                "a,N\xFA\xF1"
                                "ez\nb,Zoë\n");
    EXPECT_EQ(names[50'000], "Núñez");
    EXPECT_EQ(names[50'001], "Zoë");
}

TEST(Stream, rejects_only_what_cannot_be_read_or_has_nobody) {
    EXPECT_EQ(
        names_of("voter_id,first_name,last_name,city\n1,,,\n,,Smith,\n,,,Cary\n,,,\n5,a,b,c,d\n6,a,b\n7,a,b,c,,\n"),
        (Names{"", "Smith", "!no_identity", "!too_many_values", "!too_few_values", "b"}));
    EXPECT_EQ(names_of("voter_id,last_name\n" + std::string(201, 'x') + ",Smith\n"), (Names{"!id_too_long"}));
}

TEST(Stream, one_stray_quote_loses_one_row) {
    std::string text = "voter_id,last_name,address\n";
    for (int i = 1; i <= 1000; ++i) text += fmt::format("{},{}Smith,\"{} Main St\"\n", i, i == 500 ? "\"" : "", i);
    const auto rows = import_text(text);
    ASSERT_EQ(rows.size(), 1000U);
    EXPECT_EQ(
        std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.find('!') != std::string::npos; }), 1);
    EXPECT_NE(rows[499].find("501:"), std::string::npos);
    EXPECT_NE(rows[499].find(" ! "), std::string::npos);
}

TEST(Stream, a_stray_quote_that_swallows_whole_values_still_loses_one_row) {
    // The second quote stands at the end of a value, so that the record closes; its number of values betrays it.
    EXPECT_EQ(names_of("voter_id,last_name,city\n1,\"Smith,Cary\n2,Jones\",Cary\n3,Lee,Apex\n"),
              (Names{"Smith,Cary 2,Jones", "Lee"}));
    EXPECT_EQ(names_of("voter_id,last_name,city\n1,\"Smith,Cary\n2,\"Jones\",Cary\n3,Lee,Apex\n"),
              (Names{"!quote", "Jones", "Lee"}));
    EXPECT_EQ(
        names_of("voter_id,last_name,city\n1,Smith,\"Cary\n2,Jones,Cary\"\n3,Lee,x\n4,Poe,\"Cary\n5,Kay\",Cary,1\n"),
        (Names{"Smith", "Lee", "!quote", "!too_many_values"}));
}

TEST(Stream, takes_off_what_spreadsheets_put_on) {
    const auto rows = import_text("voter_id,last_name,phone,note\n=\"007\",'=Smith,'+19195551234,'-x\n'8,O'Neil,,'y\n");
    EXPECT_NE(rows[0].find(R"( 007  =Smith +19195551234 {"note":"-x"})"), std::string::npos) << rows[0];
    EXPECT_NE(rows[1].find(R"( '8  O'Neil  {"note":"'y"})"), std::string::npos) << rows[1];
}

TEST(Stream, bad_values_are_kept_in_extra_and_counted) {
    const TempFile file(
        "voter_id,last_name,date_of_birth,email,zip,state,phone\n1,a,2020-02-30,x@y,abc,ZZ,12\n2,b,,,00000,nc,\n");
    Stream stream(file.path(), inspect(file.path(), options()));
    const auto first = stream.next();
    const auto& record = *std::get<const VoterRecord*>(*first);
    EXPECT_EQ(record.warnings, 5U);
    EXPECT_EQ(record.extra, R"({"date_of_birth":"2020-02-30","phone":"12","email":"x@y","state":"ZZ","zip":"abc"})");
    EXPECT_FALSE(record.date_of_birth);
    const auto second = stream.next();
    EXPECT_EQ(std::get<const VoterRecord*>(*second)->warnings, 0U);
    EXPECT_EQ(std::get<const VoterRecord*>(*second)->state, "NC");
}

TEST(Stream, without_an_id_the_person_is_the_identity) {
    const auto identity = [](std::string_view row) {
        const TempFile file("first_name,last_name,dob,address\n" + std::string(row) + "\n");
        Stream stream(file.path(), inspect(file.path(), options()));
        const auto item = stream.next();
        return std::string(std::get<const VoterRecord*>(*item)->identity);
    };
    const std::string one = identity("José,O'Neil,1980-01-02,\"12 Main St., Apt 4\"");
    EXPECT_EQ(one.size(), 34U);
    EXPECT_EQ(one, identity("JOSE,ONEIL,01/02/1980,12  main st apt 4"));
    const std::string by_hand = identity_of({.first_name = "José",
                                             .middle_name = {},
                                             .last_name = "O'Neil",
                                             .suffix = {},
                                             .date_of_birth = Date{1980, 1, 2},
                                             .birth_year = {},
                                             .address = "12 Main St., Apt 4",
                                             .address2 = {},
                                             .city = {},
                                             .zip = {}});
    EXPECT_EQ(one, by_hand);
    EXPECT_NE(one, identity("José,O'Neil,1980-01-03,\"12 Main St., Apt 4\""));
    EXPECT_NE(one, identity("José,O'Neil,1980-01-02,\"13 Main St., Apt 4\""));
}

void expect_resumable(const std::filesystem::path& path) {
    const Plan plan = inspect(path, options());
    Stream whole(path, plan);
    std::vector<std::string> all;
    std::vector<Position> places{whole.position()};
    while (const auto item = whole.next()) {
        all.push_back(describe(*item));
        places.push_back(whole.position());
    }
    for (std::size_t start = 1; start < places.size(); ++start) {
        if (places[start] == places[0]) continue;  // what precedes the first row is told again
        Stream rest(path, plan, places[start]);
        std::size_t at = start;
        while (const auto item = rest.next()) ASSERT_EQ(describe(*item), all.at(at++)) << "from " << start;
        EXPECT_EQ(at, all.size());
    }
}

TEST(Stream, goes_on_from_any_row) {
    const std::string text =
        "title\n\nvoter_id,last_name,city\n1,Zoë,\"a\nb\"\n2,\"c,d\n3,e,f\n\n,,\n,,x\n4,g,\"h\"\r\n5,i,j";
    expect_resumable(TempFile(text).path());
    expect_resumable(TempFile("\xEF\xBB\xBF" + text).path());
    expect_resumable(TempFile(testing::gzipped(text)).path());
    expect_resumable(TempFile(utf16(u"\xFEFFvoter_id,last_name\n1,Núñez\n2,b\n3,\"c\n4,d\n", false)).path());
    const TempFile zip;
    const std::string head = "voter_id,last_name\n";
    testing::write_zip(zip.path(), {{"a.csv", head + "1,a\n2,b"},
                                    {"b.csv", "\xEF\xBB\xBF" + head + "3,\"c\n4,d\n"},
                                    {"c.csv", "x,y,z\n1,2,3\n"},
                                    {"d.csv", head}});
    expect_resumable(zip.path());
}

TEST(Stream, reads_the_members_of_a_zip_that_share_their_columns) {
    const TempFile zip;
    testing::write_zip(zip.path(), {{"a.csv", "voter_id,last_name\n1,a\n2,b"},
                                    {"b.csv", "\xEF\xBB\xBFvoter_id,last_name\n3,c\n,\n"},
                                    {"c.csv", "x,y,z\n1,2,3\n"}});
    const auto rows = import(zip.path());
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_EQ(rows[0], "0:0 ! member_skipped [] c.csv ");
    EXPECT_EQ(rows[3].substr(0, 7), "2:22 3 ");
}

TEST(Stream, needs_someone_to_identify) {
    const TempFile file("1,Smith,Cary\n2,Jones,Cary\n");
    EXPECT_THROW(Stream(file.path(), inspect(file.path(), options())), ImportError);
    Options with = options();
    with.mapping = {{"external_id", "1"}, {"last_name", "2"}};
    EXPECT_EQ(import(file.path(), with).size(), 2U);
    EXPECT_THROW(static_cast<void>(inspect(TempFile(std::string(5000, '\1')).path())), ImportError);
    EXPECT_THROW(static_cast<void>(inspect(TempFile("just\nsome\nwords\n").path())), ImportError);
}

TEST(Stream, a_mapping_by_name_says_that_there_is_a_header) {
    Options with = options();
    with.mapping = {{"external_id", "a"}, {"last_name", "b"}};
    const auto rows = import_text("a,b\nx,Smith\n", with);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_NE(rows[0].find(" x  Smith"), std::string::npos);
}

TEST(Stream, rejected_rows_come_apart_to_be_mended) {
    using Values = std::vector<std::string>;
    EXPECT_EQ(split_row("1,\"a, b\",c", {}), (Values{"1", "a, b", "c"}));
    EXPECT_EQ(split_row("1,\"a,b", {}), (Values{"1", "\"a", "b"}));
    EXPECT_EQ(split_row("", {}), Values{});
    const TempFile file(
        "error_line,error_column,error_code,error_reason,voter_id,last_name\n4,,no_identity,x,7,Smith\n");
    const Plan plan = inspect(file.path(), options());
    EXPECT_EQ(split_row("4,,no_identity,x,,Smith,more", plan), (Values{"", "Smith", "more"}));
    EXPECT_EQ(split_row("4,no", plan), (Values{"4", "no"}));
    Stream stream(file.path(), plan);
    const auto item = stream.next();
    EXPECT_EQ(std::get<const VoterRecord*>(*item)->external_id, "7");
    EXPECT_EQ(std::get<const VoterRecord*>(*item)->extra, "{}");
}

TEST(Stream, a_list_of_refused_rows_is_sent_again) {
    const std::string head = "error_line,error_member,error_column,error_code,error_reason,voter_id,last_name\n";
    const TempFile file(head +
                        "0,c.csv,,member_skipped,left out,,\n4,a.csv,,no_identity,x,7,Smith\n5,a.csv,,quote,x,,\n"
                        "\n,,\n6,a.csv,,quote,x\n7,a.csv,,no_identity,x,, \n8,a.csv\n");
    Options with = options();
    with.short_rows = ShortRows::reject;
    const Plan plan = inspect(file.path(), with);
    EXPECT_EQ(plan.fault_columns, 5U);
    Stream stream(file.path(), plan);
    const auto first = stream.next();
    EXPECT_EQ(std::get<const VoterRecord*>(*first)->external_id, "7");
    EXPECT_EQ(std::get<const VoterRecord*>(*first)->extra, "{}");
    const auto second = stream.next();
    EXPECT_EQ(std::get<const Fault*>(*second)->line, 8U);
    EXPECT_EQ(std::get<const Fault*>(*stream.next())->code, "too_few_values");
    EXPECT_FALSE(stream.next());
}

TEST(Stream, one_undefined_byte_costs_no_other_row) {
    std::string text = "voter_id,first_name,last_name\n0,odd\x9D,one\n";
    for (int i = 1; i <= 300; ++i) text += fmt::format("{},Jos\xE9,Mu\xF1oz\n", i);
    const auto names = names_of(text);
    ASSERT_EQ(names.size(), 301U);
    EXPECT_EQ(std::count(names.begin(), names.end(), "Muñoz"), 300);
}

TEST(Stream, short_rows_are_filled_up_where_the_file_has_many) {
    std::string text = "voter_id,last_name,city\n";
    for (int i = 0; i < 20; ++i) text += std::to_string(i) + (i % 4 == 0 ? ",Smith\n" : ",Smith,Cary\n");
    EXPECT_EQ(import_text(text).size(), 20U);
    const auto names = names_of(text + "20\n");
    EXPECT_EQ(names.back(), "!too_few_values");
}

TEST(Stream, header_rows_in_between_are_passed_over) {
    EXPECT_EQ(names_of("voter_id,last_name\n1,a\nvoter_id,last_name\n2,b\n"), (Names{"a", "b"}));
    EXPECT_EQ(names_of("voter_id,last_name\n"), Names{});
}

TEST(Stream, a_preview_shows_what_was_found) {
    const TempFile file(
        "Voter ID;Last Name;Shoe size\n1;N\xFA\xF1"
        "ez;44\n");
    const Plan plan = inspect(file.path(), options());
    EXPECT_EQ(plan.encoding, Encoding::windows1252);
    EXPECT_EQ(plan.dialect.delimiter, ';');
    EXPECT_EQ(plan.layout, "generic");
    EXPECT_EQ(plan.columns[1].field, "last_name");
    EXPECT_EQ(plan.columns[2].field, "");
    ASSERT_EQ(plan.preview_rows.size(), 1U);
    EXPECT_EQ(plan.preview_rows[0][1], "Núñez");
}

TEST(IdentityScan, agrees_with_the_stream) {
    const TempFile file(
        "voter_id,first_name,last_name,dob,address\n1,a,b,,\n1,c,d,,\n,José,Núñez,1980-01-02,1 Main "
        "St\n,JOSE,NUNEZ,1/2/1980,1 main st.\n"
        ",,,,x\n2,\"e,f\n3,g,h,,\n");
    const Plan plan = inspect(file.path(), options());
    Stream stream(file.path(), plan);
    IdentityScan scan(file.path(), plan);
    std::uint64_t rows = 0;
    std::vector<std::uint64_t> hashes;
    while (const auto item = stream.next()) {
        ++rows;
        const auto* const* record = std::get_if<const VoterRecord*>(&*item);
        if (record == nullptr) continue;
        const auto row = scan.next();
        ASSERT_TRUE(row);
        EXPECT_EQ(row->identity_hash, (*record)->identity_hash);
        EXPECT_EQ(row->line, (*record)->line);
        hashes.push_back(row->identity_hash);
    }
    EXPECT_FALSE(scan.next());
    EXPECT_EQ(scan.rows(), rows);
    EXPECT_EQ(hashes[0], hashes[1]);
    EXPECT_EQ(hashes[2], hashes[3]);
    EXPECT_EQ(std::set<std::uint64_t>(hashes.begin(), hashes.end()).size(), 3U);
}

}  // namespace
}  // namespace townhall::importer
