#include "importer/source/source.hpp"

#include <chrono>
#include <gtest/gtest.h>

#include "importer/error.hpp"
#include "importer/testing.hpp"

namespace townhall::importer {
namespace {

using testing::gzipped;
using testing::TempFile;

std::string read_all(Source& source, std::size_t piece = 1000) {
    std::string out;
    std::string buffer(piece, '\0');
    while (const std::size_t got = source.read(buffer.data(), piece)) out.append(buffer, 0, got);
    return out;
}

std::string read_file(const TempFile& file, const Limits& limits = {}) {
    const auto source = open_source(file.path(), detect_packing(file.path()), {}, limits);
    std::string out = read_all(*source);
    while (source->next_member()) out += "|" + read_all(*source, 7);
    EXPECT_GE(source->bytes_total(), source->bytes_read());
    return out;
}

std::string thrown(const std::function<void()>& act) {
    try {
        act();
    } catch (const ImportError& error) {
        return error.what();
    }
    return "nothing";
}

std::string lines(std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += std::to_string(i * 7919) + ",line\n";
    return out;
}

TEST(Source, reads_plain_files_and_seeks_in_them) {
    const TempFile file("a,b\nc,d\n");
    EXPECT_EQ(read_file(file), "a,b\nc,d\n");
    const auto source = open_source(file.path(), Packing::plain, {}, {});
    source->skip(4);
    EXPECT_EQ(read_all(*source), "c,d\n");
    EXPECT_EQ(thrown([&] { source->skip(1); }), "The file is shorter than it was.");
}

TEST(Source, reads_gzip_of_several_members) {
    const std::string first = lines(50'000);
    const TempFile file(gzipped(first) + gzipped("tail\n") + std::string(512, '\0'));
    EXPECT_EQ(read_file(file), first + "tail\n");
    const auto source = open_source(file.path(), Packing::gzip, {}, {});
    source->skip(first.size());
    EXPECT_EQ(read_all(*source), "tail\n");
}

TEST(Source, says_when_gzip_is_cut_or_damaged) {
    std::string bytes = gzipped(lines(50'000));
    EXPECT_EQ(thrown([&] { read_file(TempFile(bytes.substr(0, bytes.size() / 2))); }), "The gzip file ends too early.");
    bytes.replace(bytes.size() / 2, 40, std::string(40, '\xFF'));
    EXPECT_EQ(thrown([&] { read_file(TempFile(bytes)); }), "The gzip file is damaged.");
}

TEST(Source, stops_a_bomb_early) {
    const TempFile bomb(gzipped(std::string(200U << 20, '0')));
    const auto start = std::chrono::steady_clock::now();
    std::size_t made = 0;
    const auto sentence = thrown([&] {
        const auto source = open_source(bomb.path(), Packing::gzip, {}, {});
        std::string buffer(1U << 20, '\0');
        while (const std::size_t got = source->read(buffer.data(), buffer.size())) made += got;
    });
    EXPECT_EQ(sentence, "The file unpacks to far more than its size: it looks like a decompression bomb.");
    EXPECT_LT(made, 70U << 20);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
    Limits small;
    small.max_expanded_bytes = 1000;
    EXPECT_EQ(thrown([&] { read_file(TempFile(gzipped(lines(1000))), small); }),
              "The file unpacks to more than is allowed.");
}

TEST(Source, refuses_a_zip_bomb_by_its_headers) {
    const TempFile file;
    testing::write_zip(file.path(), {{"a.csv", std::string(100U << 20, '0')}});
    EXPECT_EQ(thrown([&] { static_cast<void>(list_zip(file.path(), {})); }),
              "The file unpacks to far more than its size: it looks like a decompression bomb.");
}

TEST(Source, reads_the_tables_of_a_zip_in_turn) {
    const TempFile file;
    testing::write_zip(file.path(), {{"ALA_20250101.txt", "a\n"},
                                     {"__MACOSX/ALA.txt", "x"},
                                     {".hidden.csv", "x"},
                                     {"map.pdf", "x"},
                                     {"deep/BAK_20250101.TXT", "b\n"}});
    EXPECT_EQ(detect_packing(file.path()), Packing::zip);
    EXPECT_EQ(read_file(file), "a\n|b\n");
    const auto members = list_zip(file.path(), {});
    ASSERT_EQ(members.size(), 5U);
    EXPECT_FALSE(members[3].used);
    Limits few;
    few.max_members = 3;
    EXPECT_EQ(thrown([&] { static_cast<void>(list_zip(file.path(), few)); }), "The zip file has too many members.");
}

TEST(Source, names_what_it_cannot_read) {
    EXPECT_EQ(thrown([] { static_cast<void>(detect_packing("/nonexistent")); }), "The file can't be opened.");
    EXPECT_EQ(thrown([] { static_cast<void>(detect_packing("/")); }), "The file can't be opened.");
    EXPECT_EQ(thrown([] { static_cast<void>(detect_packing(TempFile("").path())); }), "The file is empty.");
    EXPECT_EQ(thrown([] { static_cast<void>(detect_packing(TempFile("%PDF-1.7").path())); }),
              "This is a PDF: export the table as CSV.");
    const TempFile book;
    testing::write_zip(book.path(), {{"[Content_Types].xml", "<x/>"}, {"xl/workbook.xml", "<x/>"}});
    EXPECT_EQ(thrown([&] { static_cast<void>(list_zip(book.path(), {})); }),
              "This is an Excel workbook or another Office document: save it as CSV.");
    EXPECT_EQ(thrown([] { read_file(TempFile(std::string("PK\3\4") + std::string(100, 'x'))); }),
              "The zip file is damaged.");
}

}  // namespace
}  // namespace townhall::importer
