#include "platform/http/server.hpp"

#include <future>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "platform/http/request_id.hpp"
#include "platform/http/test_client.hpp"
#include "platform/http/test_server.hpp"

namespace townhall::http::testing {
namespace {

std::string get(std::string_view path, std::string_view more = "") {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: t\r\n" + std::string(more) + "\r\n";
}

std::string post(std::string_view path, std::string_view body, std::string_view more = "") {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n" + std::string(more) + "\r\n" + std::string(body);
}

double seconds_since(std::chrono::steady_clock::time_point from) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

TEST(Server, KeepsTheConnectionAndAnswersInFull) {
    RunningServer server;
    Client client(server.port());
    for (int i = 0; i < 3; ++i) {
        const Answer answer = client.ask(get("/hello", "X-Request-Id: mine-1\r\n"));
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.body, "hello");
        EXPECT_EQ(answer.header("x-request-id"), "mine-1");
        EXPECT_EQ(answer.header("content-type"), "text/plain");
        EXPECT_TRUE(answer.header("date").ends_with(" GMT"));
        EXPECT_FALSE(answer.headers.contains("connection"));
    }
    EXPECT_EQ(server.stats().requests[2], 3U);
    EXPECT_EQ(server.stats().open_connections, 1U);
}

TEST(Server, ClosesWhenAskedTo) {
    RunningServer server;
    Client client(server.port());
    EXPECT_EQ(client.ask(get("/hello", "Connection: close\r\n")).header("connection"), "close");
    EXPECT_TRUE(client.closes());
    Client old(server.port());
    EXPECT_EQ(old.ask("GET /hello HTTP/1.0\r\n\r\n").header("connection"), "close");
    EXPECT_TRUE(old.closes());
    Client kept(server.port());
    EXPECT_EQ(kept.ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").header("connection"), "keep-alive");
    EXPECT_EQ(kept.ask(get("/hello")).status, 200);
}

TEST(Server, AnswersAPipelineInOrder) {
    RunningServer server;
    Client client(server.port());
    std::string requests;
    for (int i = 0; i < 50; ++i) requests += get("/n" + std::to_string(i)) + post("/echo", std::to_string(i)) + "\r\n";
    std::thread sender([&] { client.send(requests); });
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(client.read().body, "path /n" + std::to_string(i));
        EXPECT_EQ(client.read().body, std::to_string(i));
    }
    sender.join();
}

TEST(Server, ReadsARequestThatComesByteByByte) {
    RunningServer server;
    Client client(server.port());
    for (const char c : post("/echo", "slow body")) client.send({&c, 1});
    EXPECT_EQ(client.read().body, "slow body");
    for (const char c : "\r\n" + get("/hello")) client.send({&c, 1});  // the end of line that some send behind a body
    EXPECT_EQ(client.read().body, "hello");
}

TEST(Server, HeadHasTheLengthAndNoBody) {
    RunningServer server;
    Client client(server.port());
    const Answer head = client.ask("HEAD /hello HTTP/1.1\r\nHost: t\r\n\r\n", true);
    EXPECT_EQ(head.header("content-length"), "5");
    const Answer streamed = client.ask("HEAD /stream HTTP/1.1\r\nHost: t\r\n\r\n", true);
    EXPECT_EQ(streamed.header("transfer-encoding"), "chunked");
    EXPECT_EQ(client.ask(get("/hello")).body, "hello");
}

TEST(Server, SomeStatusesNeverHaveABody) {
    RunningServer server;
    Client client(server.port());
    for (const std::string code : {"204", "304"}) {
        const Answer answer = client.ask(get("/status?code=" + code));
        EXPECT_EQ(std::to_string(answer.status), code);
        EXPECT_FALSE(answer.headers.contains("content-length"));
    }
    EXPECT_EQ(client.ask(get("/status?code=99")).status, 500);
    EXPECT_EQ(client.ask(get("/hello")).body, "hello");
}

TEST(Server, HeaderValuesCantSplitTheAnswer) {
    RunningServer server;
    Client client(server.port());
    const Answer answer = client.ask(get("/split"));
    EXPECT_EQ(answer.header("x-split"), "a  Set-Cookie: b=c");
    EXPECT_FALSE(answer.headers.contains("set-cookie"));
    EXPECT_FALSE(answer.raw_head.contains("Bad name"));
    EXPECT_EQ(answer.body, "safe");
}

TEST(Server, FailuresOfTheHandlerSayNothingOfTheirCause) {
    RunningServer server;
    Client client(server.port());
    const Answer answer = client.ask(get("/throw"));
    EXPECT_EQ(answer.status, 500);
    EXPECT_FALSE(answer.body.contains("secret"));
    EXPECT_EQ(client.ask(get("/hello")).status, 200);
}

TEST(Server, SendsContinueOnlyWhenTheBodyIsWanted) {
    RunningServer server;
    Client client(server.port());
    const std::string head = "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    EXPECT_EQ(client.ask(head).status, 100);
    EXPECT_EQ(client.ask("four").body, "four");
    EXPECT_EQ(client.ask(head + "now!").body, "now!");  // it came along: no need to ask for it
    const Answer unwanted =
        client.ask("POST /ignore HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(unwanted.status, 200);
    EXPECT_EQ(unwanted.header("connection"), "close");
    Client large(server.port());
    EXPECT_EQ(
        large.ask("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n").status,
        413);
}

TEST(Server, ReadsChunkedBodiesAndLeavesTrailersOut) {
    RunningServer server;
    Client client(server.port());
    const std::string head = "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(client.ask(head + "5\r\nhello\r\n6;a=b\r\n there\r\n0\r\nAuthorization: x\r\n\r\n").body, "hello there");
    for (const char c : head + "5\r\nbytes\r\n1\r\n!\r\n0\r\n\r\n") client.send({&c, 1});
    EXPECT_EQ(client.read().body, "bytes!");
    const std::string trailers =
        "Authorization: Bearer x\r\nX-Forwarded-For: 192.0.2.7\r\nHost: other\r\nConnection: close\r\n";
    const Answer seen = client.ask("POST /seen HTTP/1.1\r\nHost: t\r\nX-Mine: 1\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                   std::string("1\r\nx\r\n0\r\n") + trailers + "\r\n");
    EXPECT_EQ(seen.body, "Host=t\nX-Mine=1\nTransfer-Encoding=chunked\n");
    EXPECT_EQ(client.ask(get("/hello")).body, "hello") << "what a trailer says of the connection is not heard";
}

TEST(Server, StreamsALargeUploadInBothFramings) {
    RunningServer server;
    constexpr std::size_t kMebibytes = 64;
    const std::string mebibyte(1024 * 1024, 'x');
    Client sized(server.port());
    sized.send("POST /count?limit=100000000 HTTP/1.1\r\nHost: t\r\nContent-Length: " +
               std::to_string(kMebibytes * mebibyte.size()) + "\r\n\r\n");
    for (std::size_t i = 0; i < kMebibytes; ++i) ASSERT_TRUE(sized.send(mebibyte));
    EXPECT_EQ(sized.read().body, std::to_string(kMebibytes * mebibyte.size()));
    Client chunked(server.port());
    chunked.send("POST /count?limit=100000000 HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (std::size_t i = 0; i < kMebibytes; ++i) ASSERT_TRUE(chunked.send("100000\r\n" + mebibyte + "\r\n"));
    EXPECT_EQ(chunked.ask("0\r\n\r\n").body, std::to_string(kMebibytes * mebibyte.size()));
}

TEST(Server, TellsAClientThatItsBodyIsTooLargeWhileItStillSends) {
    RunningServer server;
    const std::string body(4 * 1024 * 1024, 'x');
    Client sized(server.port());
    ASSERT_TRUE(sized.send(post("/echo", body)));
    EXPECT_EQ(sized.read().status, 413);
    EXPECT_TRUE(sized.closes());
    Client chunked(server.port());
    ASSERT_TRUE(chunked.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n400000\r\n" + body));
    EXPECT_EQ(chunked.read().status, 413);
    EXPECT_TRUE(chunked.closes());
    Client lowered(server.port());
    EXPECT_EQ(lowered.ask(post("/count?limit=10", "eleven bytes")).status, 413);
}

TEST(Server, ReadsAShortUnwantedBodyAwayAndClosesOnALongOne) {
    RunningServer server;
    Client client(server.port());
    EXPECT_EQ(client.ask(post("/ignore", std::string(60'000, 'x'))).status, 200);
    EXPECT_EQ(client.ask(get("/hello")).status, 200);
    const Answer last = client.ask(post("/ignore", std::string(900'000, 'x')));
    EXPECT_EQ(last.header("connection"), "close");
    EXPECT_TRUE(client.closes());
}

TEST(Server, StreamsAnswers) {
    RunningServer server;
    Client client(server.port());
    EXPECT_EQ(client.ask(get("/stream?bytes=5&pieces=3")).body, std::string(15, 'p'));
    EXPECT_EQ(client.ask(get("/stream?bytes=300000&pieces=4")).body.size(), 1'200'000U);
    const Answer sized = client.ask(get("/stream?bytes=5&pieces=3&length=15"));
    EXPECT_EQ(sized.header("content-length"), "15");
    EXPECT_EQ(sized.body.size(), 15U);
    Client old(server.port());
    EXPECT_EQ(old.ask("GET /stream HTTP/1.0\r\n\r\n").body, std::string(15, 'p'));
}

TEST(Server, AStreamThatFailsIsSeenToBeCutShort) {
    RunningServer server;
    Client chunked(server.port());
    chunked.send(get("/stream?fail=1"));
    EXPECT_FALSE(chunked.rest().ends_with("0\r\n\r\n"));
    Client short_of(server.port());
    short_of.send(get("/stream?length=16"));
    EXPECT_TRUE(short_of.rest().ends_with("\r\n\r\n" + std::string(15, 'p')));
}

TEST(Server, SendsLargeBodiesToSlowReaders) {
    RunningServer server;
    Client client(server.port(), 4096);
    client.send(get("/big?bytes=8000000") + get("/shared?bytes=3000000"));
    std::this_thread::sleep_for(100ms);
    EXPECT_EQ(client.read().body.size(), 8'000'000U);
    EXPECT_EQ(client.read().body.size(), 3'000'000U);
}

TEST(Server, SlowHeadersEndAtTheirDeadline) {
    ServerOptions options = RunningServer::fast();
    options.timeouts.header = 200ms;
    RunningServer server(options);
    const auto from = std::chrono::steady_clock::now();
    Client silent(server.port());
    Client slow(server.port());
    slow.send("GET /hello HTTP/1.1\r\nHo");
    EXPECT_EQ(slow.read().status, 408);
    EXPECT_TRUE(slow.closes());
    EXPECT_TRUE(silent.closes());
    EXPECT_LT(seconds_since(from), 2.0);
    EXPECT_GE(server.stats().expired, 2U);
}

TEST(Server, SlowBodiesEndAtTheirDeadline) {
    ServerOptions options = RunningServer::fast();
    options.timeouts.pace = 200ms;
    RunningServer server(options);
    Client slow(server.port());
    slow.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nab");
    EXPECT_EQ(slow.read().status, 408);
    EXPECT_TRUE(slow.closes());
}

TEST(Server, IdleConnectionsAndSlowReadersEndAtTheirDeadline) {
    ServerOptions options = RunningServer::fast();
    options.timeouts.pace = 200ms;
    options.timeouts.idle = 200ms;
    RunningServer server(options);
    Client idle(server.port());
    EXPECT_EQ(idle.ask(get("/hello")).status, 200);
    EXPECT_TRUE(idle.closes());
    Client unread(server.port(), 4096);
    unread.send(get("/big?bytes=50000000"));
    const auto from = std::chrono::steady_clock::now();
    while (server.stats().open_connections > 0 && seconds_since(from) < 5) std::this_thread::sleep_for(20ms);
    EXPECT_EQ(server.stats().open_connections, 0U);
}

TEST(Server, MakesRoomForNewConnectionsByClosingIdleOnes) {
    ServerOptions options = RunningServer::fast();
    options.limits.connections = 4;
    RunningServer server(options, 1);
    std::vector<Client> clients;
    for (int i = 0; i < 12; ++i) {
        clients.emplace_back(server.port());
        EXPECT_EQ(clients.back().ask(get("/hello")).status, 200);
    }
    EXPECT_LE(server.stats().open_connections, 4U);
}

TEST(Server, AcceptsAgainAfterRunningOutOfFiles) {
    RunningServer server;
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const int next = ::dup(0);
    ::close(next);
    rlimit low = before;
    low.rlim_cur = static_cast<rlim_t>(next) + 1;  // room for the client's own end alone
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    Client waiting(server.port());
    waiting.send(get("/hello"));
    std::this_thread::sleep_for(300ms);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    const auto from = std::chrono::steady_clock::now();
    EXPECT_EQ(waiting.read().status, 200);
    EXPECT_LT(seconds_since(from), 1.0);
}

TEST(Server, RefusesAPortThatIsTaken) {
    RunningServer first;
    ServerOptions options{.port = first.port()};
    try {
        RunningServer second(options);
        FAIL() << "two servers share a port";
    } catch (const ListenError& error) {
        EXPECT_EQ(error.code(), std::errc::address_in_use);
        EXPECT_TRUE(std::string(error.what()).contains("127.0.0.1:" + std::to_string(first.port()))) << error.what();
    }
    boost::asio::io_context context;
    boost::asio::io_context* const list[] = {&context};
    Server nowhere(list, {.address = "not an address"}, first.routes);
    EXPECT_THROW(nowhere.start(), ListenError);
}

TEST(Server, StopServesWhatIsInFlight) {
    RunningServer server;
    Client idle(server.port());
    EXPECT_EQ(idle.ask(get("/hello")).status, 200);
    std::vector<Client> clients;
    for (int i = 0; i < 8; ++i) {
        clients.emplace_back(server.port());
        clients.back().send(get("/sleep?ms=300"));
    }
    while (server.routes.handled < 9) std::this_thread::sleep_for(1ms);
    const auto from = std::chrono::steady_clock::now();
    server.stop(10s);
    EXPECT_LT(seconds_since(from), 3.0);
    for (auto& client : clients) {
        const Answer answer = client.read();
        EXPECT_EQ(answer.body, "slept");
        EXPECT_EQ(answer.header("connection"), "close");
    }
    EXPECT_TRUE(idle.closes());
    EXPECT_EQ(server.stats().open_connections, 0U);
    EXPECT_THROW(Client late(server.port()), std::runtime_error);
    server.stop(1s);  // a second call finds nothing to do
}

TEST(Server, StopServesWhatTheKernelHasQueued) {
    RunningServer server(RunningServer::fast(), 1);
    Client blocking(server.port());
    blocking.send(get("/block?ms=300"));
    while (server.routes.handled < 1) std::this_thread::sleep_for(1ms);
    std::vector<Client> queued;
    for (int i = 0; i < 20; ++i) queued.emplace_back(server.port()).send(get("/hello"));
    EXPECT_EQ(server.stats().accepted, 1U);
    server.stop(10s);
    for (auto& client : queued) {
        const Answer answer = client.read();
        EXPECT_EQ(answer.body, "hello");
        EXPECT_EQ(answer.header("connection"), "close");
    }
}

TEST(Server, StopCutsOffWhatIsLeftAtTheDeadline) {
    auto server = std::make_unique<RunningServer>();
    Client slow(server->port());
    slow.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nab");
    while (server->routes.handled < 1) std::this_thread::sleep_for(1ms);
    const auto from = std::chrono::steady_clock::now();
    server->stop(300ms);
    EXPECT_LT(seconds_since(from), 1.5);
    EXPECT_EQ(slow.read().status, 0);
}

TEST(Server, ClientsThatVanishLeaveNothingBehind) {
    RunningServer server;
    for (int i = 0; i < 20; ++i) {
        Client gone(server.port());
        gone.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 50\r\n\r\nab");
        Client reading(server.port());
        reading.send(get("/big?bytes=9000000"));
    }
    const auto from = std::chrono::steady_clock::now();
    while (server.stats().open_connections > 0 && seconds_since(from) < 5) std::this_thread::sleep_for(20ms);
    EXPECT_EQ(server.stats().open_connections, 0U);
}

TEST(Server, TakesTheClientsAddressFromATrustedProxyAlone) {
    const std::string told = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n";
    RunningServer open;
    Client stranger(open.port());
    EXPECT_EQ(stranger.ask(get("/who", told)).body, "127.0.0.1 http");
    ServerOptions options = RunningServer::fast();
    options.trusted_proxies = TrustedProxies::parse("127.0.0.0/8").value();
    RunningServer server(options);
    Client proxy(server.port());
    EXPECT_EQ(proxy.ask(get("/who", told)).body, "203.0.113.9 https");
    EXPECT_EQ(proxy.ask(get("/who")).body, "127.0.0.1 http");
}

TEST(RequestId, KeepsSaneOnesAndMakesUniqueOnes) {
    EXPECT_TRUE(is_request_id("Aa0._:-"));
    for (const std::string& bad : {std::string(), std::string(129, 'a'), std::string("a b"), std::string("a\"b")}) {
        EXPECT_FALSE(is_request_id(bad));
    }
    std::string first;
    std::string second;
    make_request_id(first);
    make_request_id(second);
    EXPECT_EQ(first.size(), 36U);
    EXPECT_EQ(first[14], '7');
    EXPECT_NE(first, second);
}

}  // namespace
}  // namespace townhall::http::testing
