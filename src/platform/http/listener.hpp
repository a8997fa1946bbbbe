#pragma once

#include <boost/asio/ip/tcp.hpp>

namespace townhall::http {

/// Binds to `endpoint` and listens, beside others of this process that listen there. Accepted sockets inherit what is
/// set here. Throws `boost::system::system_error`.
void listen_at(boost::asio::ip::tcp::acceptor& acceptor, const boost::asio::ip::tcp::endpoint& endpoint);

/// The kernel drops what would begin a connection to this listener, and goes on with handshakes that have begun. Who
/// knocks now tries again a second later, by TCP's own rules, and finds another server, or is refused.
void ignore_newcomers(int listener);

}  // namespace townhall::http
