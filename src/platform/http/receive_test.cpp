#include "platform/http/receive.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <string>
#include <thread>
#include <vector>

#include "platform/http/test_client.hpp"
#include "platform/http/test_server.hpp"

namespace townhall::http::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kRequest = "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n";

double seconds_since(std::chrono::steady_clock::time_point from) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

// The end of the stream comes with the request's last bytes: no further event tells of it.
TEST(Receive, SeesAnEndThatCameWithTheRequest) {
    RunningServer server;
    for (const auto pause : {0ms, 50ms}) {
        const auto started = std::chrono::steady_clock::now();
        Client client(server.port());
        const int cork = 1;
        ::setsockopt(client.descriptor(), IPPROTO_TCP, TCP_CORK, &cork, sizeof cork);
        ASSERT_TRUE(client.send(std::string(kRequest) + std::string(kRequest)));
        std::this_thread::sleep_for(pause);
        client.finish_sending();
        EXPECT_EQ(client.read().status, 200);
        EXPECT_EQ(client.read().status, 200);
        EXPECT_TRUE(client.closes());
        EXPECT_LT(seconds_since(started), 2) << "not at the deadline of idle connections";
    }
}

// Bytes that come before, between and after receives, on many connections at once: none is waited for in vain.
TEST(Receive, MissesNothingHoweverTheBytesCome) {
    RunningServer server;
    const auto talk = [&](unsigned seed) {
        Client client(server.port());
        const int at_once = 1;
        ::setsockopt(client.descriptor(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
        for (int round = 0; round < 300; ++round) {
            const std::size_t cut = 1 + (seed = seed * 1'103'515'245 + 12'345) % (kRequest.size() - 1);
            const int many = 1 + static_cast<int>(seed >> 16) % 3;
            for (int i = 0; i < many; ++i) {
                client.send(kRequest.substr(0, cut));
                if ((seed >> 8) % 7 == 0) std::this_thread::sleep_for(std::chrono::microseconds(seed % 300));
                client.send(kRequest.substr(cut));
            }
            for (int i = 0; i < many; ++i) ASSERT_EQ(client.read().status, 200);
        }
    };
    std::vector<std::thread> clients;
    for (unsigned seed = 1; seed <= 8; ++seed) clients.emplace_back(talk, seed);
    for (auto& client : clients) client.join();
}

}  // namespace
}  // namespace townhall::http::testing
