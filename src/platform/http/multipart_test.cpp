#include "platform/http/multipart.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>
#include <random>

namespace townhall::http {
namespace {

using namespace std::string_literals;

// A body that comes in pieces of a given size.
class Pieces final : public BodyReader {
  public:
    Pieces(std::string bytes, std::size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}
    Task<std::size_t> read(std::span<char> into) override {
        const std::size_t count = std::min({piece_, into.size(), bytes_.size() - at_});
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
        at_ += count;
        co_return count;
    }
    [[nodiscard]] std::optional<std::uint64_t> length() const override { return bytes_.size(); }
    void set_limit(std::uint64_t /*bytes*/) override {}
    [[nodiscard]] bool all_read() const { return at_ == bytes_.size(); }

  private:
    std::string bytes_;
    std::size_t piece_;
    std::size_t at_ = 0;
};

struct Seen {
    Part part;
    std::string data;
};

Task<std::vector<Seen>> read_parts(BodyReader& body, std::size_t room, bool skip_data, MultipartReader::Bounds bounds) {
    MultipartReader reader(body, "XX", bounds);
    std::vector<Seen> seen;
    std::vector<char> buffer(room);
    while (auto part = co_await reader.next_part()) {
        seen.push_back({*std::move(part), ""});
        while (!skip_data) {
            const std::size_t count = co_await reader.read(buffer);
            if (count == 0) break;
            seen.back().data.append(buffer.data(), count);
        }
    }
    co_return seen;
}

std::vector<Seen> parts_of(const std::string& bytes, std::size_t piece = 4096, std::size_t room = 1000,
                           bool skip_data = false, MultipartReader::Bounds bounds = {}) {
    Pieces body(bytes, piece);
    boost::asio::io_context context;
    auto result = boost::asio::co_spawn(context, read_parts(body, room, skip_data, bounds), boost::asio::use_future);
    context.run();
    auto seen = result.get();
    EXPECT_TRUE(body.all_read());
    return seen;
}

const std::string kTwo =
    "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n"
    "--XX\r\nContent-Type: text/csv\r\ncontent-disposition: form-data; name=file; filename=\"v \\\"1\\\".csv\"\r\n\r\n"
    "x\r\n--X\r\n--\r\r\n\r\n--XX--\r\nepilogue";

TEST(Multipart, ReadsPartsWhereverTheBytesAreCut) {
    for (std::size_t piece = 1; piece < kTwo.size(); ++piece) {
        for (const std::size_t room : {1U, 7U, 1000U}) {
            const auto seen = parts_of(kTwo, piece, room);
            ASSERT_EQ(seen.size(), 2U);
            EXPECT_EQ(seen[0].part.name, "a");
            EXPECT_EQ(seen[0].part.filename, std::nullopt);
            EXPECT_EQ(seen[0].data, "one");
            EXPECT_EQ(seen[1].part.name, "file");
            EXPECT_EQ(seen[1].part.filename, "v \"1\".csv");
            EXPECT_EQ(seen[1].part.content_type, "text/csv");
            EXPECT_EQ(seen[1].data, "x\r\n--X\r\n--\r\r\n");
        }
        EXPECT_EQ(parts_of(kTwo, piece, 1, true).size(), 2U);
    }
}

TEST(Multipart, ReadsLargePartsAtOneBufferWhateverTheyHold) {
    std::mt19937 random(7);
    std::string data(3'000'000, ' ');
    for (char& c : data) c = "\r\n-Xab"[random() % 6];
    for (std::size_t at = data.find("\r\n--XX"); at != std::string::npos; at = data.find("\r\n--XX")) data[at] = 'a';
    const auto seen =
        parts_of("--XX\r\nContent-Disposition: form-data; name=d\r\n\r\n" + data + "\r\n--XX--", 50'000, 30'000);
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_TRUE(seen[0].data == data);
}

TEST(Multipart, AllowsPreamblesPaddingAndEmptyParts) {
    const std::string disposition = "Content-Disposition: form-data; name=a\r\n\r\n";
    EXPECT_EQ(parts_of("before\r\n--XX \t\r\n" + disposition + "\r\n--XX--").at(0).data, "");
    EXPECT_EQ(parts_of("--XX\r\n" + disposition + "--XX\r\n" + disposition + "b\r\n--XX--").size(), 2U);
    EXPECT_TRUE(parts_of("--XX--\r\n").empty());
}

TEST(Multipart, RefusesWhatIsBrokenOrTooMuch) {
    const std::string head = "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n";
    const std::vector<std::string> broken = {"",
                                             "--XX",
                                             "no boundary",
                                             std::string(20'000, 'p'),
                                             head + "no end",
                                             head + "x\r\n--XX",
                                             "--XXjunk\r\n\r\n",
                                             "--XX\r\n\r\nno header\r\n--XX--",
                                             "--XX\r\nContent-Type: a/b\r\n\r\nx\r\n--XX--",
                                             "--XX\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--XX--",
                                             "--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--",
                                             "--XX\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--XX--",
                                             "--XX\r\nContent-Disposition: form-data; name=\"\xFF\"\r\n\r\nx\r\n--XX--",
                                             "--XX\r\nContent-Disposition: form-data; name=\"a\0\"\r\n\r\nx\r\n--XX--"s,
                                             "--XX\r\nno colon\r\n\r\nx\r\n--XX--",
                                             "--XX\r\nA: " + std::string(9'000, 'h') + "\r\n\r\nx\r\n--XX--",
                                             head + "x\r\n--XX--" + std::string(20'000, 'e')};
    for (const auto& bytes : broken) {
        try {
            parts_of(bytes);
            ADD_FAILURE() << bytes.substr(0, 100);
        } catch (const BodyError& error) {
            EXPECT_EQ(error.status, 400);
        }
    }
    EXPECT_THROW(parts_of(kTwo, 10, 10, false, {.parts = 1}), BodyError);
}

TEST(Multipart, FindsTheBoundaryOfTheContentType) {
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
    EXPECT_EQ(multipart_boundary("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b\";"), "a b");
    for (const std::string bad : {"", "multipart/form-data", "multipart/mixed; boundary=a",
                                  "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a",
                                  "multipart/form-data; boundary=\"a \""}) {
        EXPECT_EQ(multipart_boundary(bad), std::nullopt) << bad;
    }
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'a')), std::nullopt);
}

}  // namespace
}  // namespace townhall::http
