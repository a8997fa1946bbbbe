#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>

#include "app/configuration.hpp"
#include "app/system_routes.hpp"
#include "platform/api/router.hpp"
#include "platform/guard/authenticator.hpp"
#include "platform/http/server.hpp"

namespace townhall::app {

/// Health and metrics for operators, on ADMIN_LISTEN. Nothing else is there, and nobody signs in.
class AdminListener {
  public:
    AdminListener(boost::asio::io_context& context, const Configuration& configuration,
                  const guard::Authenticator& authenticator, const SystemDeps& deps);

    void start();
    Task<void> stop(std::chrono::steady_clock::time_point deadline) { co_await server_.stop(deadline); }

  private:
    const std::string& address_;
    api::Router router_;
    http::Server server_;
};

}  // namespace townhall::app
