#include <gtest/gtest.h>

#include "platform/http/server.hpp"
#include "platform/http/test_client.hpp"
#include "platform/http/test_server.hpp"

namespace townhall::http::testing {
namespace {

ServerOptions with_request_timeout(std::chrono::milliseconds timeout) {
    ServerOptions options = RunningServer::fast();
    options.timeouts.request = timeout;
    return options;
}

double seconds_since(std::chrono::steady_clock::time_point from) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

TEST(RequestTimeout, AnswersInPlaceOfASlowHandler) {
    RunningServer server(with_request_timeout(200ms));
    const auto from = std::chrono::steady_clock::now();
    Client client(server.port());
    const Answer answer = client.ask("GET /sleep?ms=1500 HTTP/1.1\r\nHost: t\r\n\r\n");
    EXPECT_LT(seconds_since(from), 1.2);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_EQ(answer.header("retry-after"), "5");
    EXPECT_EQ(answer.body, "The answer took too long.");
    EXPECT_TRUE(client.closes()) << "and no second answer comes";
    while (server.stats().open_connections > 0 && seconds_since(from) < 10) std::this_thread::sleep_for(10ms);
    EXPECT_GE(seconds_since(from), 1.4) << "the handler was let end";
    EXPECT_EQ(server.stats().open_connections, 0U);
    EXPECT_EQ(server.stats().requests[5], 1U);
    EXPECT_EQ(server.stats().requests[2], 0U);
}

TEST(RequestTimeout, AlsoForAPostAndWhileItsBodyIsUnread) {
    RunningServer server(with_request_timeout(200ms));
    Client client(server.port());
    const Answer answer =
        client.ask("POST /sleep?ms=600 HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n" + std::string(1000, 'x'));
    EXPECT_EQ(answer.status, 503);
    EXPECT_TRUE(client.closes());
    Client head(server.port());
    EXPECT_EQ(head.ask("HEAD /sleep?ms=600 HTTP/1.1\r\nHost: t\r\n\r\n", true).status, 503);
    EXPECT_EQ(head.rest(), "");
}

TEST(RequestTimeout, IsTheClientsFaultWhereItsBodyIsAwaited) {
    RunningServer server(with_request_timeout(200ms));
    Client client(server.port());
    EXPECT_EQ(client.ask("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nab").status, 408);
    EXPECT_TRUE(client.closes());
}

TEST(RequestTimeout, LeavesAnAnswerAloneOnceItHasBegun) {
    RunningServer server(with_request_timeout(200ms));
    Client client(server.port(), 4096);
    ASSERT_TRUE(
        client.send("GET /stream?bytes=100000&pieces=80 HTTP/1.1\r\nHost: t\r\n\r\n"
                    "GET /big?bytes=8000000 HTTP/1.1\r\nHost: t\r\n\r\n"));
    std::this_thread::sleep_for(600ms);
    EXPECT_EQ(client.read().body.size(), 8'000'000U);
    EXPECT_EQ(client.read().body.size(), 8'000'000U);
    EXPECT_EQ(client.ask("GET /hello HTTP/1.1\r\nHost: t\r\n\r\n").body, "hello");
}

TEST(RequestTimeout, TheRestOfABodyThatCameTooLateIsNotCutOffItsAnswer) {
    ServerOptions options = with_request_timeout(200ms);
    RunningServer server(options);
    Client client(server.port(), 4096);
    ASSERT_TRUE(client.send("POST /late?bytes=8000000 HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nab"));
    std::this_thread::sleep_for(500ms);
    EXPECT_EQ(client.read().body.size(), 8'000'000U);
    EXPECT_TRUE(client.closes());
}

}  // namespace
}  // namespace townhall::http::testing
