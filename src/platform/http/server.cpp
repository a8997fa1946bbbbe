#include "platform/http/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <utility>

#include "platform/http/worker.hpp"

namespace townhall::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

tcp::endpoint endpoint_of(const std::string& text, std::uint16_t port) {
    boost::system::error_code fault;
    const auto address = asio::ip::make_address(text, fault);
    if (fault) throw ListenError(fault, fmt::format("'{}' is not an IP address", text));
    return {address, port};
}

}  // namespace

void refuse_taken_port(const std::string& address, std::uint16_t port) {
    const tcp::endpoint endpoint = endpoint_of(address, port);
    if (port == 0) return;
    try {
        asio::io_context context;
        tcp::acceptor probe(context, endpoint.protocol());
        probe.set_option(tcp::acceptor::reuse_address(true));
        probe.bind(endpoint);
    } catch (const boost::system::system_error& error) {
        throw ListenError(error.code(), fmt::format("can't listen on {}:{}", address, port));
    }
}

Server::Server(std::span<asio::io_context* const> contexts, ServerOptions options, Handler& handler)
    : options_(std::move(options)) {
    const std::size_t share = (options_.limits.connections + contexts.size() - 1) / contexts.size();
    for (asio::io_context* context : contexts) {
        workers_.push_back(std::make_shared<Worker>(*context, options_, share, handler));
    }
}

Server::~Server() = default;

void Server::start() {
    refuse_taken_port(options_.address, options_.port);
    tcp::endpoint endpoint = endpoint_of(options_.address, options_.port);
    for (const auto& worker : workers_) {
        worker->listen(endpoint);
        endpoint.port(worker->port());
    }
    port_ = endpoint.port();
    for (const auto& worker : workers_) {
        std::vector<std::weak_ptr<Worker>> peers;
        for (const auto& peer : workers_) {
            if (peer != worker) peers.push_back(peer);
        }
        worker->start(std::move(peers));
    }
    started_ = true;
}

Task<void> Server::stop(std::chrono::steady_clock::time_point deadline) {
    if (!started_ || std::exchange(stopping_, true)) co_return;
    for (const auto& worker : workers_) {
        asio::post(worker->context(), [worker, deadline] { worker->begin_stop(deadline); });
    }
    // Twice: until all have begun to stop, one may still be given a connection by another.
    for (int round = 0; round < 2; ++round) {
        for (const auto& worker : workers_) {
            co_await asio::co_spawn(worker->context(), worker->ended(), asio::use_awaitable);
        }
    }
}

observe::RequestTotals Server::requests() const {
    observe::RequestTotals totals;
    for (const auto& worker : workers_) worker->add_to(totals);
    return totals;
}

ServerStats Server::stats() const noexcept {
    ServerStats stats;
    for (const auto& worker : workers_) worker->add_to(stats);
    return stats;
}

}  // namespace townhall::http
