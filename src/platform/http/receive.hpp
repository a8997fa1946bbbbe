#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>

#include "platform/task.hpp"

namespace townhall::http {

/// Lets the kernel say, with what it gives of this socket, whether more has arrived (TCP_INQ). Accepted sockets inherit
/// it from their listener.
void tell_what_is_left(int socket);

/// Receives what a socket gives, as its own `async_read_some` does. But where the kernel says that nothing is left
/// behind, the next receive waits for what comes, and does not first ask for what isn't there: one system call of three
/// for each request on a connection that is kept.
class Receiver {
  public:
    /// The socket stays where it is, and outlives this.
    explicit Receiver(boost::asio::ip::tcp::socket& socket);

    Task<std::size_t> some(boost::asio::mutable_buffer into, boost::system::error_code& fault);

  private:
    boost::asio::ip::tcp::socket& socket_;
    boost::asio::execution_context::service* reactor_ = nullptr;  // looked up once: that takes a lock
};

}  // namespace townhall::http
