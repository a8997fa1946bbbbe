#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "platform/http/message.hpp"
#include "platform/http/proxies.hpp"
#include "platform/observe/request_counters.hpp"
#include "platform/task.hpp"

namespace townhall::http {

class Tls;

/// What one client may make the server hold or do. Past a limit the status in the comment is answered.
struct Limits {
    std::size_t header_bytes = 16 * 1024;    // request line and fields together: 431
    std::size_t target_bytes = 8 * 1024;     // 414
    std::size_t fields = 100;                // 431
    std::uint64_t body_bytes = 1024 * 1024;  // 413; a handler may change it per request (BodyReader::set_limit)
    std::uint64_t unread_body_bytes =
        64 * 1024;  // of a body that the handler left: read away, else the connection closes
    std::uint64_t linger_bytes = 16 * 1024 * 1024;  // read away before closing, so that the client sees the answer
    std::size_t connections = 10'000;  // in all; past it idle ones are closed, then new ones wait in the queue
};

/// How long a client may take. Deadlines are looked at every `sweep`, so each is late by up to that much.
struct Timeouts {
    using ms = std::chrono::milliseconds;

    ms handshake = std::chrono::seconds(10);  // of TLS
    ms header = std::chrono::seconds(10);  // from the first byte (or the connection's start) to the end of the header
    ms idle = std::chrono::seconds(15);    // between requests
    ms stall = std::chrono::seconds(20);  // one wait for the body's next bytes, or for room to send; nothing earns more
    ms pace = std::chrono::seconds(10);   // waits in all, before `bytes_per_second` counts (bodies and answers)
    std::uint64_t bytes_per_second = 1024;  // each of these buys the client another second of waiting
    ms request = std::chrono::hours(1);     // from the header to the handler's answer, which may then take its time
    ms linger = std::chrono::seconds(5);    // reading away what is still sent after an early answer
    ms last_requests = std::chrono::milliseconds(700);  // while stopping, for requests already on their way
    ms sweep = std::chrono::seconds(1);
};

struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 5000;       // 0: any free port, see Server::port
    std::shared_ptr<const Tls> tls;  // none: plain HTTP
    TrustedProxies trusted_proxies;  // that tell the client's address and scheme
    Limits limits;
    Timeouts timeouts;
};

/// Counters since the start. `requests[1]` counts answers 1xx, … `requests[5]` 5xx.
struct ServerStats {
    std::uint64_t open_connections = 0;
    std::uint64_t accepted = 0;
    std::uint64_t expired = 0;  // connections closed at a deadline
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::array<std::uint64_t, 6> requests{};
};

/// The address can't be listened on: in use (also by another Townhall), not ours, or not an address.
struct ListenError : std::system_error {
    using std::system_error::system_error;
};

/// Throws `ListenError` where a server could not listen now; port 0 is any that is free. A server would share a port
/// with another in silence, by SO_REUSEPORT, so its start asks this too.
void refuse_taken_port(const std::string& address, std::uint16_t port);

class Worker;

/// Serves HTTP/1.1 on one address: a listener per io_context (SO_REUSEPORT), each connection on one context's thread.
///
/// Each context must be run by exactly one thread, and must run until `stop` has returned. The contexts and the handler
/// outlive the server.
class Server {
  public:
    Server(std::span<boost::asio::io_context* const> contexts, ServerOptions options, Handler& handler);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds and starts to accept. Throws `ListenError` when another process listens there.
    void start();

    /// The port that is listened on: the chosen one when `options.port` was 0. Valid after `start`.
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    /// Serves what is queued and in flight, with `Connection: close`, closes what is idle, and returns when all
    /// connections have ended. At the deadline the rest are cut off. Further calls return at once.
    Task<void> stop(std::chrono::steady_clock::time_point deadline);

    /// From any thread.
    [[nodiscard]] ServerStats stats() const noexcept;
    [[nodiscard]] observe::RequestTotals requests() const;

  private:
    ServerOptions options_;
    std::vector<std::shared_ptr<Worker>> workers_;
    std::uint16_t port_ = 0;
    bool started_ = false;
    bool stopping_ = false;
};

}  // namespace townhall::http
