#include "app/admin_listener.hpp"

#include <array>

#include "platform/observe/log.hpp"

namespace townhall::app {

namespace {

http::ServerOptions options_of(const Configuration& configuration) {
    constexpr std::size_t kConnections = 64;
    http::ServerOptions options;
    options.address = configuration.admin_host;
    options.port = configuration.admin_port;
    options.limits.connections = kConnections;
    return options;
}

}  // namespace

AdminListener::AdminListener(boost::asio::io_context& context, const Configuration& configuration,
                             const guard::Authenticator& authenticator, const SystemDeps& deps)
    : address_(configuration.admin_host),
      router_(authenticator, api::Cors()),
      server_(std::array{&context}, options_of(configuration), router_) {
    add_admin_routes(router_, deps);
}

void AdminListener::start() {
    server_.start();
    observe::info("listening for operators", {{"address", address_}, {"port", server_.port()}});
}

}  // namespace townhall::app
