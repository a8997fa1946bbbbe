#include "platform/http/gate.hpp"

#include <gtest/gtest.h>

#include "platform/http/chunked.hpp"
#include "platform/http/test_client.hpp"
#include "platform/http/test_server.hpp"

namespace townhall::http::testing {
namespace {

using namespace std::string_literals;

struct Case {
    const char* what;
    std::string bytes;
    int status;
};

std::string chunked(std::string_view body) {
    return "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(body);
}

std::string get_target(std::string_view target) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: t\r\n\r\n";
}

std::string post_with(std::string_view fields) {
    return "POST /echo HTTP/1.1\r\nHost: t\r\n" + std::string(fields) + "\r\n0\r\n\r\n";
}

const std::vector<Case>& framing_cases() {
    static const std::vector<Case> cases = {
        {"gzip coding beside a length", post_with("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"), 400},
        {"chunked beside a length", post_with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
        {"length, then chunked", post_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
        {"identity coding", post_with("Transfer-Encoding: identity\r\n"), 501},
        {"xchunked", post_with("Transfer-Encoding: xchunked\r\n"), 501},
        {"chunked twice in a list", post_with("Transfer-Encoding: chunked, chunked\r\n"), 501},
        {"chunked in two fields", post_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
        {"chunked, then identity", post_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400},
        {"gzip, chunked", post_with("Transfer-Encoding: gzip, chunked\r\n"), 501},
        {"chunked with a parameter", post_with("Transfer-Encoding: chunked;a=b\r\n"), 501},
        {"an empty coding", post_with("Transfer-Encoding:\r\n"), 501},
        {"vertical tab before chunked", post_with("Transfer-Encoding: \vchunked\r\n"), 400},
        {"blank before the colon", post_with("Transfer-Encoding : chunked\r\n"), 400},
        {"chunked on 1.0", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"two lengths", post_with("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
        {"two equal lengths", post_with("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
        {"a list of lengths", post_with("Content-Length: 5, 5\r\n"), 400},
        {"a signed length", post_with("Content-Length: +5\r\n"), 400},
        {"a negative length", post_with("Content-Length: -5\r\n"), 400},
        {"a hexadecimal length", post_with("Content-Length: 0x5\r\n"), 400},
        {"an empty length", post_with("Content-Length:\r\n"), 400},
        {"a length past 64 bits", post_with("Content-Length: 18446744073709551616\r\n"), 400},
        {"another expectation", post_with("Content-Length: 5\r\nExpect: 200-ok\r\n"), 417},
        {"a chunk without size", chunked("\r\nhello\r\n0\r\n\r\n"), 400},
        {"a chunk size with 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n"), 400},
        {"a blank before a chunk size", chunked(" 5\r\nhello\r\n0\r\n\r\n"), 400},
        {"a blank behind a chunk size", chunked("5 \r\nhello\r\n0\r\n\r\n"), 400},
        {"a signed chunk size", chunked("-5\r\nhello\r\n0\r\n\r\n"), 400},
        {"a chunk size past 64 bits", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), 400},
        {"leading zeros without end", chunked(std::string(5000, '0')), 400},
        {"a chunk longer than its size", chunked("4\r\nhello\r\n0\r\n\r\n"), 400},
        {"LF behind a chunk size", chunked("5\nhello\r\n0\r\n\r\n"), 400},
        {"LF in a quoted extension", chunked("5;a=\"\n\"\r\nhello\r\n0\r\n\r\n"), 400},
        {"CR in a quoted extension", chunked("5;a=\"\r\"\r\nhello\r\n0\r\n\r\n"), 400},
        {"NUL in a quoted extension", chunked("5;a=\"\0\"\r\nhello\r\n0\r\n\r\n"s), 400},
        {"an extension without end", chunked("5;" + std::string(40'000, 'a')), 400},
        {"a folded trailer", chunked("0\r\nA: b\r\n c\r\n\r\n"), 400},
        {"LF behind a trailer", chunked("0\r\nA: b\n\r\n"), 400},
        {"trailers without end", chunked("0\r\n" + std::string(20'000, 'a')), 400},
    };
    return cases;
}

const std::vector<Case>& header_cases() {
    std::string many = "GET / HTTP/1.1\r\nHost: t\r\n";
    for (int i = 0; i < 100; ++i) many += "A: b\r\n";
    static const std::vector<Case> cases = {
        {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"two Hosts on 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        {"a Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
        {"a Host with two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", 400},
        {"a Host with a named port", "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n", 400},
        {"a Host with an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
        {"a Host with a bracket in its name", "GET / HTTP/1.1\r\nHost: a]b\r\n\r\n", 400},
        {"a Host with something behind its bracket", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", 400},
        {"a list of Hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
        {"101 fields", many + "\r\n", 431},
        {"fields without end", "GET / HTTP/1.1\r\nHost: t\r\nA: " + std::string(17'000, 'a'), 431},
        {"a URL without end", "GET /" + std::string(9'000, 'a'), 414},
        {"a URL that is too long", get_target("/" + std::string(8 * 1024, 'a')), 414},
        {"a fragment", get_target("/a#b"), 400},
        {"an 8-bit byte in the target", get_target("/a\xC3\xA4"), 400},
        {"no slash", get_target("hello"), 400},
        {"a whole URL", get_target("http://t/hello"), 400},
        {"an asterisk", "OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", 400},
        {"a blank in the target", get_target("/a b"), 505},
        {"a broken escape", get_target("/a%2"), 400},
        {"a wrong escape", get_target("/a%zz"), 400},
        {"an escaped NUL", get_target("/a%00b"), 400},
        {"escapes that are no UTF-8", get_target("/a%ff"), 400},
        {"an overlong escape", get_target("/%c0%af"), 400},
        {"a lower-case method", "get / HTTP/1.1\r\nHost: t\r\n\r\n", 501},
        {"an unknown method", "BREW / HTTP/1.1\r\nHost: t\r\n\r\n", 501},
        {"TRACE", "TRACE / HTTP/1.1\r\nHost: t\r\n\r\n", 405},
        {"CONNECT", "CONNECT /t HTTP/1.1\r\nHost: t\r\n\r\n", 405},
        {"a malformed method", "G@T / HTTP/1.1\r\nHost: t\r\n\r\n", 400},
        {"no version", "GET /\r\nHost: t\r\n\r\n", 400},
        {"HTTP/2", "GET / HTTP/2.0\r\nHost: t\r\n\r\n", 505},
        {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: t\r\n\r\n", 505},
        {"http/1.1", "GET / http/1.1\r\nHost: t\r\n\r\n", 400},
        {"a folded line", "GET / HTTP/1.1\r\nHost: t\r\nA: b\r\n c\r\n\r\n", 400},
        {"a line folded with a tab", "GET / HTTP/1.1\r\nHost: t\r\nA: b\r\n\tc\r\n\r\n", 400},
        {"a blank first in the fields", "GET / HTTP/1.1\r\n Host: t\r\n\r\n", 400},
        {"LF alone", "GET / HTTP/1.1\nHost: t\n\n", 400},
        {"LF alone in the fields", "GET / HTTP/1.1\r\nHost: t\nA: b\r\n\r\n", 400},
        {"CR alone", "GET / HTTP/1.1\r\nHost: t\r\nA: b\rc\r\n\r\n", 400},
        {"NUL in a value", "GET / HTTP/1.1\r\nHost: t\r\nA: b\0c\r\n\r\n"s, 400},
        {"no colon", "GET / HTTP/1.1\r\nHost: t\r\nA\r\n\r\n", 400},
        {"no name", "GET / HTTP/1.1\r\nHost: t\r\n: b\r\n\r\n", 400},
        {"an 8-bit byte in a name", "GET / HTTP/1.1\r\nHost: t\r\n\xC3\xA4: b\r\n\r\n", 400},
        {"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n", 400},
        {"a TLS greeting", "\x16\x03\x01\x02"s, 400},
    };
    return cases;
}

// What is refused is answered once, and nothing behind it is read as a request.
void expect_refused(RunningServer& server, const Case& one) {
    SCOPED_TRACE(one.what);
    Client client(server.port());
    const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: t\r\n\r\n";
    client.send(one.bytes);
    if (one.bytes.ends_with("\r\n\r\n")) client.send(smuggled);
    const Answer answer = client.read();
    EXPECT_EQ(answer.status, one.status) << answer.body;
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_TRUE(answer.headers.contains("x-request-id"));
    client.finish_sending();
    EXPECT_EQ(client.rest(), "");
}

TEST(Gate, RefusesWhatFramesAMessageInTwoWays) {
    RunningServer server;
    for (const Case& one : framing_cases()) expect_refused(server, one);
}

TEST(Gate, RefusesMalformedHeaders) {
    RunningServer server;
    for (const Case& one : header_cases()) expect_refused(server, one);
    EXPECT_EQ(server.routes.handled, 0);
}

TEST(Gate, LetsSoundRequestsThrough) {
    RunningServer server;
    std::string fields;
    for (int i = 0; i < 99; ++i) fields += "A: b\r\n";
    const std::vector<Case> cases = {
        {"one empty line first", "\r\nGET /hello HTTP/1.1\r\nHost: t\r\n\r\n", 200},
        {"an IPv6 Host", "GET /hello HTTP/1.1\r\nHost: [::1]:5000\r\n\r\n", 200},
        {"a Host with a port", "GET /hello HTTP/1.1\r\nHost: t.example:5000\r\n\r\n", 200},
        {"a Host with an empty port", "GET /hello HTTP/1.1\r\nHost: t:\r\n\r\n", 200},
        {"an IPv6 Host without a port", "GET /hello HTTP/1.1\r\nHost: [::1]\r\n\r\n", 200},
        {"an empty Host", "GET /hello HTTP/1.1\r\nHost:\r\n\r\n", 200},
        {"100 fields", "GET /hello HTTP/1.1\r\nHost: t\r\n" + fields + "\r\n", 200},
        {"blanks around values", "GET /hello HTTP/1.1\r\nHOST:   t \t\r\nA:\r\n\r\n", 200},
        {"an 8-bit value", "GET /hello HTTP/1.1\r\nHost: t\r\nA: \xC3\xA4\r\n\r\n", 200},
        {"CHUNKED", "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: CHUNKED\r\n\r\n000\r\n\r\n", 200},
        {"a length of 0", "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n", 200},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.what);
        Client client(server.port());
        EXPECT_EQ(client.ask(one.bytes).status, one.status);
        EXPECT_EQ(client.ask(get_target("/hello")).status, 200);
    }
}

TEST(Gate, DecodesPathsAndForgivesOneTrailingSlash) {
    std::string path;
    std::string query;
    const auto decoded = [&](std::string_view target) { return decode_target(target, path, query) ? path : "?"; };
    EXPECT_EQ(decoded("/a%20b/%C3%A4?x=%20&y"), "/a b/\xC3\xA4");
    EXPECT_EQ(query, "x=%20&y");
    EXPECT_EQ(decoded("/"), "/");
    EXPECT_EQ(query, "");
    EXPECT_EQ(decoded("/a/"), "/a");
    EXPECT_EQ(decoded("/a//"), "/a/");
    EXPECT_EQ(decoded("/a/?b"), "/a");
    EXPECT_EQ(decoded("/%"), "?");
}

TEST(Gate, ScansAHeaderTheSameWhereverItIsCut) {
    const std::string head = "GET / HTTP/1.1\r\nHost: t\r\nA: b\r\n\r\n";
    const Limits limits;
    for (std::size_t cut = 1; cut < head.size(); ++cut) {
        HeadScanner scanner(limits);
        EXPECT_EQ(scanner.look(std::string_view(head).substr(0, cut)).value_or(99), 0U);
        EXPECT_EQ(scanner.look(head + "rest").value_or(99), head.size());
    }
}

TEST(ChunkDecoder, DecodesTheSameWhereverItIsCut) {
    const std::string body = "5\r\nhello\r\nA;x=y\r\n, townhall\r\n0\r\nT: v\r\n\r\n";
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
        ChunkDecoder decoder;
        std::string all;
        std::array<char, 3> room;
        for (std::string_view rest : {std::string_view(body).substr(0, cut), std::string_view(body).substr(cut)}) {
            while (!rest.empty() && !decoder.finished()) {
                const auto step = decoder.decode(rest, room);
                ASSERT_EQ(decoder.fault(), nullptr);
                all.append(room.data(), step.produced);
                rest.remove_prefix(step.consumed);
            }
        }
        EXPECT_TRUE(decoder.finished());
        EXPECT_EQ(all, "hello, townhall");
    }
}

TEST(HasToken, FindsWholeTokensWithoutCase) {
    EXPECT_TRUE(has_token("Keep-Alive, \tCLOSE ,x", "close"));
    EXPECT_FALSE(has_token("closed, enclose", "close"));
    EXPECT_FALSE(has_token("", "close"));
}

}  // namespace
}  // namespace townhall::http::testing
