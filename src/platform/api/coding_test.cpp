#include "platform/api/coding.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include "platform/api/cached.hpp"
#include "platform/api/compress.hpp"

namespace townhall::api {
namespace {

std::string unzip(std::string_view zipped) {
    z_stream zlib{};
    EXPECT_EQ(inflateInit2(&zlib, 15 + 16), Z_OK);
    std::string out(4 << 20, '\0');
    zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zipped.data()));
    zlib.avail_in = static_cast<uInt>(zipped.size());
    zlib.next_out = reinterpret_cast<Bytef*>(out.data());
    zlib.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&zlib, Z_FINISH), Z_STREAM_END);
    EXPECT_EQ(zlib.avail_in, 0U);
    out.resize(out.size() - zlib.avail_out);
    inflateEnd(&zlib);
    return out;
}

std::string text_of(std::size_t lines) {
    std::string out;
    for (std::size_t i = 0; i < lines; ++i) out += "line " + std::to_string(i * 7919) + "\n";
    return out;
}

TEST(Coding, IsChosenByWeight) {
    const std::pair<const char*, Coding> cases[]{
        {"", Coding::identity},
        {"gzip, deflate, br, zstd", Coding::br},
        {"gzip", Coding::gzip},
        {"GZIP", Coding::gzip},
        {"x-gzip", Coding::gzip},
        {"deflate", Coding::identity},
        {"*", Coding::br},
        {"*;q=0", Coding::identity},
        {"br;q=0.5, gzip;q=0.8", Coding::gzip},
        {"br;q=0.8,gzip;q=0.8", Coding::br},
        {"br;q=0, *", Coding::gzip},
        {"gzip;q=0", Coding::identity},
        {"gzip;q=0.000", Coding::identity},
        {"gzip;q=0.001", Coding::gzip},
        {"identity, gzip;q=0.5", Coding::identity},
        {"identity;q=0.5, gzip;q=0.5", Coding::gzip},
        {"identity;q=0", Coding::identity},
        {"gzip ; q=1", Coding::gzip},
        {"gzip;q=2", Coding::gzip},
        {"gzip;q=1.0000", Coding::gzip},
        {"gzip;q=", Coding::gzip},
        {"gzip;level=9", Coding::gzip},
        {",,;;,=", Coding::identity},
    };
    for (const auto& [accepted, wanted] : cases) EXPECT_EQ(choose_coding(accepted, true, true), wanted) << accepted;
    EXPECT_EQ(choose_coding("br, gzip", true, false), Coding::gzip);
    EXPECT_EQ(choose_coding("br, gzip", false, false), Coding::identity);
}

TEST(Coding, GzipGivesTheBytesBack) {
    for (const std::size_t lines : {0, 1, 1000, 50'000}) {
        const std::string text = text_of(lines);
        EXPECT_EQ(unzip(gzip(text, 1)), text);
        GzipStream stream;
        std::string out;
        for (std::size_t at = 0; at < text.size(); at += 777)
            stream.add(std::string_view(text).substr(at, 777), false, out);
        stream.add({}, true, out);
        EXPECT_EQ(unzip(out), text);
    }
}

http::Response compressed(http::Response response, const char* accepted) {
    http::Request request;
    request.headers = {{"accept-encoding", accepted}};
    compress(response, request);
    return response;
}

TEST(Compress, TakesTextThatIsLongEnoughAndWanted) {
    const std::string text = text_of(200);
    const auto answer = [&](const char* type) { return http::Response{.content_type = type, .body = text}; };
    const auto zipped = compressed(answer("application/json"), "gzip");
    EXPECT_EQ(unzip(zipped.body), text);
    EXPECT_EQ(zipped.headers.front(), (std::pair<std::string, std::string>{"Content-Encoding", "gzip"}));
    EXPECT_EQ(compressed(answer("application/json"), "br").body, text);
    EXPECT_EQ(compressed(answer("image/png"), "gzip").body, text);
    EXPECT_EQ(compressed(answer("text/event-stream"), "gzip").body, text);
    EXPECT_EQ(compressed({.content_type = "text/plain", .body = "short"}, "gzip").body, "short");
    auto coded = answer("text/plain");
    coded.headers = {{"content-encoding", "zstd"}};
    EXPECT_EQ(compressed(std::move(coded), "gzip").body, text);
}

TEST(Compress, GivesEachFormItsOwnTag) {
    http::Response response{.content_type = "application/json", .body = text_of(200)};
    response.headers = {{"ETag", "\"a\""}};
    EXPECT_EQ(compressed(std::move(response), "gzip").headers.front().second, "\"a-gz\"");
}

struct CachedTest : ::testing::Test {
    http::Response answer(std::vector<std::pair<std::string, std::string>> headers) {
        request.headers = std::move(headers);
        return cached.answer(Context{request, {}, {}, "/cached", permit});
    }

    const std::string text = text_of(500);
    const Cached cached{text, {.cache_control = "public, max-age=60"}};
    http::Request request;
    guard::SnapshotHolder snapshots;
    guard::AccessTokens tokens{guard::TokenSettings{.keys = {std::string(40, 'k')}}};
    guard::Authenticator authenticator{tokens, snapshots};
    Permit permit{authenticator, request, Who::anyone, Role::viewer};
};

TEST_F(CachedTest, AnswersInTheFormThatIsLiked) {
    const auto plain = answer({});
    EXPECT_EQ(plain.status, 200);
    EXPECT_EQ(plain.prepared->body, text);
    const auto zipped = answer({{"Accept-Encoding", "gzip"}});
    EXPECT_EQ(unzip(zipped.prepared->body), text);
    EXPECT_NE(zipped.prepared->fields.find("Content-Encoding: gzip\r\n"), std::string::npos);
    const auto br = answer({{"Accept-Encoding", "gzip, br"}});
    EXPECT_NE(br.prepared->fields.find("Content-Encoding: br\r\n"), std::string::npos);
    EXPECT_LT(br.prepared->body.size(), zipped.prepared->body.size());
    for (const auto* form : {&plain, &zipped, &br})
        EXPECT_NE(
            form->prepared->fields.find("Content-Length: " + std::to_string(form->prepared->body.size()) + "\r\n"),
            std::string::npos);
}

TEST_F(CachedTest, KnowsEveryFormsTag) {
    for (const char* suffix : {"", "-gz", "-br"}) {
        std::string tag = cached.etag();
        tag.insert(tag.size() - 1, suffix);
        const auto same = answer({{"If-None-Match", "\"other\", W/" + tag}});
        EXPECT_EQ(same.status, 304) << tag;
        EXPECT_EQ(same.prepared->body, "");
        EXPECT_EQ(same.prepared->fields.find("Content-"), std::string::npos);
    }
    EXPECT_EQ(answer({{"If-None-Match", "\"other\""}}).status, 200);
}

TEST_F(CachedTest, KeepsAShortBodyAsItIs) {
    const Cached cached_short(std::string("[]"));
    request.headers = {{"accept-encoding", "gzip, br"}};
    EXPECT_EQ(cached_short.answer(Context{request, {}, {}, "/cached", permit}).prepared->body, "[]");
}

}  // namespace
}  // namespace townhall::api
