// Asio's reactor has what this needs, an operation that ends "done and exhausted"; but its own receive reports that at
// the end of the stream alone. So this is an operation of ours, made of Asio's inner parts as its own are. Where those
// may have changed, Asio's own is used.
#include "platform/http/receive.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/version.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace townhall::http {

namespace asio = boost::asio;
using boost::system::error_code;
using Socket = asio::ip::tcp::socket;

void tell_what_is_left(int socket) {
    const int on = 1;
    // Where the kernel does not know it, receives say nothing of it, and are asked for as before.
    static_cast<void>(::setsockopt(socket, IPPROTO_TCP, TCP_INQ, &on, sizeof on));
}

#if defined(BOOST_ASIO_HAS_EPOLL) && !defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT) && BOOST_ASIO_VERSION == 102600

namespace {

namespace detail = asio::detail;

/// Whether the kernel says that nothing is left: neither bytes nor the end of the stream.
bool nothing_left(msghdr& message) {
    const cmsghdr* told = CMSG_FIRSTHDR(&message);
    if (told == nullptr || told->cmsg_level != IPPROTO_TCP || told->cmsg_type != TCP_CM_INQ) return false;
    int left = 0;
    std::memcpy(&left, CMSG_DATA(told), sizeof left);
    return left == 0;
}

class ReceiveBase : public detail::reactor_op {
  protected:
    ReceiveBase(int socket, asio::mutable_buffer into, func_type complete)
        : reactor_op(error_code(), &ReceiveBase::try_once, complete), socket_(socket), into_(into) {}

  private:
    static status try_once(detail::reactor_op* base) {
        auto& self = static_cast<ReceiveBase&>(*base);
        alignas(cmsghdr) char told[CMSG_SPACE(sizeof(int))];
        iovec place{.iov_base = self.into_.data(), .iov_len = self.into_.size()};
        msghdr message{};
        message.msg_iov = &place;
        message.msg_iovlen = 1;
        message.msg_control = told;
        message.msg_controllen = sizeof told;
        ssize_t count = 0;
        do {
            count = ::recvmsg(self.socket_, &message, 0);
        } while (count < 0 && errno == EINTR);
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return not_done;
        self.bytes_transferred_ = count > 0 ? static_cast<std::size_t>(count) : 0;
        if (count < 0) self.ec_ = error_code(errno, boost::system::system_category());
        if (count == 0) self.ec_ = asio::error::eof;
        return count == 0 || (count > 0 && nothing_left(message)) ? done_and_exhausted : done;
    }

    int socket_;
    asio::mutable_buffer into_;
};

template <class Handler>
class Receive final : public ReceiveBase {
  public:
    BOOST_ASIO_DEFINE_HANDLER_PTR(Receive);

    Receive(Handler& handler, const Socket::executor_type& executor, int socket, asio::mutable_buffer into)
        : ReceiveBase(socket, into, &Receive::complete), handler_(std::move(handler)), work_(handler_, executor) {}

  private:
    // As in Asio's own operations: the memory is given back before the handler runs, so that it can be used again.
    static void complete(void* owner, detail::operation* base, const error_code&, std::size_t) {
        auto* self = static_cast<Receive*>(base);
        ptr place = {std::addressof(self->handler_), self, self};
        detail::handler_work<Handler, Socket::executor_type> work(std::move(self->work_));
        detail::binder2<Handler, error_code, std::size_t> call(self->handler_, self->ec_, self->bytes_transferred_);
        place.h = std::addressof(call.handler_);
        place.reset();
        if (owner == nullptr) return;
        detail::fenced_block fence(detail::fenced_block::half);
        work.complete(call, call.handler_);
    }

    Handler handler_;
    detail::handler_work<Handler, Socket::executor_type> work_;
};

/// Asio keeps the reactor's note of a socket from its users.
struct Opened : Socket {
    static detail::reactor::per_descriptor_data& note_of(Socket& socket) {
        return (socket.*&Opened::impl_).get_implementation().reactor_data_;
    }
};

}  // namespace

Receiver::Receiver(Socket& socket)
    : socket_(socket),
      reactor_(&asio::use_service<detail::reactor>(asio::query(socket.get_executor(), asio::execution::context))) {}

Task<std::size_t> Receiver::some(asio::mutable_buffer into, error_code& fault) {
    const auto start = [this, into](auto handler) {
        using Operation = Receive<decltype(handler)>;
        typename Operation::ptr place = {std::addressof(handler), Operation::ptr::allocate(handler), nullptr};
        place.p = new (place.v) Operation(handler, socket_.get_executor(), socket_.native_handle(), into);
        static_cast<detail::reactor*>(reactor_)->start_op(detail::reactor::read_op, socket_.native_handle(),
                                                          Opened::note_of(socket_), place.p, false, true);
        place.v = place.p = nullptr;
    };
    auto token = asio::redirect_error(asio::use_awaitable, fault);
    return asio::async_initiate<decltype(token), void(error_code, std::size_t)>(start, token);
}

#else

Receiver::Receiver(Socket& socket) : socket_(socket) {}

Task<std::size_t> Receiver::some(asio::mutable_buffer into, error_code& fault) {
    static_cast<void>(reactor_);
    return socket_.async_read_some(into, asio::redirect_error(asio::use_awaitable, fault));
}

#endif

}  // namespace townhall::http
