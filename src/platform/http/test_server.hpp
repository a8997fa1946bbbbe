#pragma once

#include <array>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdint>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "platform/http/message.hpp"
#include "platform/http/server.hpp"
#include "platform/http/uri.hpp"

/// For tests: a server on a free port of the loopback, and a handler with a few plain routes.
namespace townhall::http::testing {

using namespace std::chrono_literals;

/// /hello, /echo, /count?limit=, /ignore, /big?bytes=, /late?bytes=, /stream?bytes=&pieces=, /sleep?ms=, /block?ms=,
/// /seen, /who, /status?code=, /throw…
class Routes final : public Handler {
  public:
    Task<Response> handle(Request& request) override {
        ++handled;
        const QueryPairs query = parse_query(request.query).value_or(QueryPairs{});
        const auto number = [&query](std::string_view name, std::uint64_t otherwise) {
            const auto text = find_query(query, name);
            return text ? std::stoull(std::string(*text)) : otherwise;
        };
        Response response{.content_type = "text/plain"};
        response.route = "/test";
        if (request.path == "/echo") {
            response.body = co_await read_all(*request.body);
        } else if (request.path == "/count") {
            if (query.size() == 1) request.body->set_limit(number("limit", 0));
            response.body = std::to_string(co_await count(*request.body));
        } else if (request.path == "/big") {
            response.body.assign(number("bytes", 0), 'b');
        } else if (request.path == "/late") {  // says much of a body that never came
            try {
                co_await read_all(*request.body);
            } catch (const BodyError&) {
                response.body.assign(number("bytes", 0), 'l');
            }
        } else if (request.path == "/shared") {
            const std::size_t bytes = number("bytes", 0);
            response.prepared = std::make_shared<const Prepared>(Prepared{
                .fields = "Content-Length: " + std::to_string(bytes) + "\r\n", .body = std::string(bytes, 's')});
        } else if (request.path == "/sleep") {
            boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
            timer.expires_after(std::chrono::milliseconds(number("ms", 0)));
            co_await timer.async_wait(boost::asio::use_awaitable);
            response.body = "slept";
        } else if (request.path == "/block") {  // keeps the thread, as nothing should
            std::this_thread::sleep_for(std::chrono::milliseconds(number("ms", 0)));
        } else if (request.path == "/stream") {
            set_stream(response, number("bytes", 5), number("pieces", 3), query);
        } else if (request.path == "/seen") {
            co_await read_all(*request.body);
            for (const auto& [name, value] : request.headers)
                response.body.append(name).append("=").append(value).append("\n");
        } else if (request.path == "/who") {
            response.body = request.remote_address + (request.secure ? " https" : " http");
        } else if (request.path == "/status") {
            response.status = static_cast<int>(number("code", 200));
            response.body = "for the status";
        } else if (request.path == "/split") {
            response.headers = {{"X-Split", "a\r\nSet-Cookie: b=c"}, {"Content-Length", "1"}, {"Bad name", "x"}};
            response.body = "safe";
        } else if (request.path == "/throw") {
            throw std::runtime_error("a secret text");
        } else {
            response.body = request.path == "/hello" || request.path == "/ignore" ? "hello" : "path " + request.path;
        }
        co_return response;
    }

    Response refuse(int status, std::string_view detail, const Request& /*request*/) override {
        ++refused;
        return {.status = status, .content_type = "text/plain", .body = std::string(detail)};
    }

    std::atomic<int> handled{0};
    std::atomic<int> refused{0};

  private:
    static Task<std::string> read_all(BodyReader& body) {
        std::string all;
        std::array<char, 1000> piece;
        while (const std::size_t got = co_await body.read(piece)) all.append(piece.data(), got);
        co_return all;
    }

    static Task<std::uint64_t> count(BodyReader& body) {
        std::vector<char> piece(64 * 1024);
        std::uint64_t total = 0;
        while (const std::size_t got = co_await body.read(piece)) total += got;
        co_return total;
    }

    static void set_stream(Response& response, std::size_t bytes, std::uint64_t pieces, const QueryPairs& query) {
        if (const auto length = find_query(query, "length")) response.headers.emplace_back("Content-Length", *length);
        const bool fails = find_query(query, "fail").has_value();
        response.stream = [bytes, pieces, fails](BodyWriter& writer) -> Task<void> {
            return write_pieces(writer, bytes, pieces, fails);
        };
    }

    static Task<void> write_pieces(BodyWriter& writer, std::size_t bytes, std::uint64_t pieces, bool fails) {
        const std::string piece(bytes, 'p');
        for (std::uint64_t i = 0; i < pieces; ++i) co_await writer.write(piece);
        if (fails) throw std::runtime_error("in the middle");
    }
};

class RunningServer {
  public:
    explicit RunningServer(ServerOptions options = fast(), std::size_t threads = 2) {
        std::vector<boost::asio::io_context*> list;
        for (std::size_t i = 0; i < threads; ++i) {
            contexts_.push_back(std::make_unique<boost::asio::io_context>(1));
            list.push_back(contexts_.back().get());
        }
        server_.emplace(list, std::move(options), routes);
        server_->start();
        for (auto& context : contexts_) {
            threads_.emplace_back([&io = *context] {
                const auto work = boost::asio::make_work_guard(io);
                io.run();
            });
        }
    }

    ~RunningServer() {
        stop(1s);
        for (auto& context : contexts_) context->stop();
        for (auto& thread : threads_) thread.join();
    }

    void stop(std::chrono::milliseconds within) {
        boost::asio::co_spawn(*contexts_.front(), server_->stop(std::chrono::steady_clock::now() + within),
                              boost::asio::use_future)
            .get();
    }

    /// Short deadlines, swept often.
    static ServerOptions fast() {
        ServerOptions options{.port = 0};
        options.timeouts.sweep = 20ms;
        options.timeouts.last_requests = 200ms;
        options.timeouts.linger = 2s;
        return options;
    }

    [[nodiscard]] std::uint16_t port() const { return server_->port(); }
    [[nodiscard]] ServerStats stats() const { return server_->stats(); }
    Server& server() { return *server_; }

    Routes routes;

  private:
    std::vector<std::unique_ptr<boost::asio::io_context>> contexts_;
    std::optional<Server> server_;
    std::vector<std::thread> threads_;
};

}  // namespace townhall::http::testing
