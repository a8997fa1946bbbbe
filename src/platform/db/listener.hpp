#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "platform/db/wire.hpp"

namespace townhall::db {

/// The one connection that LISTENs. Used on its context's thread only.
class Listener : public std::enable_shared_from_this<Listener> {
  public:
    using Callback = std::function<void(std::string_view payload)>;

    Listener(asio::io_context& context, WireSettings settings);

    void add(std::string channel, Callback callback);
    Task<void> stop();

    [[nodiscard]] asio::io_context& context() const { return context_; }

  private:
    struct Subscription {
        std::string channel;
        Callback callback;
        bool listening = false;
    };

    Task<void> run();
    Task<void> serve();
    Task<void> listen_to_new();
    void dispatch();
    void call(const Subscription& subscription, std::string_view payload);
    Task<void> pause();

    asio::io_context& context_;
    WireSettings settings_;
    std::shared_ptr<Wire> wire_;
    asio::steady_timer pause_timer_;
    std::vector<Subscription> subscriptions_;
    bool running_ = false;
    bool waiting_ = false;  // in `receive`, where an interruption is a request to look again
    bool stopping_ = false;
};

}  // namespace townhall::db
