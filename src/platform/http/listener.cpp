#include "platform/http/listener.hpp"

#include <array>
#include <cerrno>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "platform/http/receive.hpp"
#include "platform/observe/log.hpp"

namespace townhall::http {
namespace {

using boost::asio::ip::tcp;

constexpr int kQueue = 4096;  // connections the kernel holds for us; it cuts this to net.core.somaxconn

/// Bytes that the kernel takes from us before it can send them. Without this bound it takes up to tcp_wmem (megabytes)
/// for whoever reads slowly: memory that nobody counts, and the time to copy what may never be read. Whoever reads fast
/// gets what they can take: what was sent and is not yet acknowledged does not count.
constexpr int kUnsent = 64 * 1024;

void set(tcp::acceptor& acceptor, int level, int option, int value) {
    if (::setsockopt(acceptor.native_handle(), level, option, &value, sizeof value) != 0) {
        throw boost::system::system_error({errno, boost::system::system_category()}, "setsockopt");
    }
}

}  // namespace

void listen_at(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    set(acceptor, SOL_SOCKET, SO_REUSEPORT, 1);
    set(acceptor, IPPROTO_TCP, TCP_NODELAY, 1);
    set(acceptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsent);
    tell_what_is_left(acceptor.native_handle());
    acceptor.bind(endpoint);
    acceptor.listen(kQueue);
    acceptor.non_blocking(true);
}

void ignore_newcomers(int listener) {
    constexpr unsigned kFlags =
        13;  // of the TCP header, RFC 9293 section 3.1: where a listener's filter begins to read
    constexpr unsigned kSyn = 0x02, kAck = 0x10;
    std::array<sock_filter, 5> program{{BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlags),
                                        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSyn | kAck),
                                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 1, 0),
                                        BPF_STMT(BPF_RET | BPF_K, 0xffffffff), BPF_STMT(BPF_RET | BPF_K, 0)}};
    const sock_fprog filter{.len = program.size(), .filter = program.data()};
    // Where that is forbidden, somebody may be reset who came in the very last moment.
    if (::setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0)
        observe::warning("the listener can't be shut before it is closed", {{"errno", errno}});
}

}  // namespace townhall::http
