#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "platform/http/pace.hpp"
#include "platform/http/receive.hpp"
#include "platform/http/tls.hpp"
#include "platform/task.hpp"

namespace townhall::http {

/// One client's socket with its two buffers and its deadline: all reading and writing goes through here, sealed by TLS
/// once `shake_hands` was called. Belongs to its io_context's thread. Never throws: a wire on which something went
/// wrong is `broken`, and stays so.
class Wire {
  public:
    using clock = std::chrono::steady_clock;

    Wire(boost::asio::ip::tcp::socket socket, std::size_t most_buffered);

    /// Begins TLS, before anything is read or written. False: it failed, or the deadline passed.
    Task<bool> shake_hands(const Tls& tls);

    // -- in
    /// What has arrived and is not yet used.
    [[nodiscard]] std::string_view held() const;
    void use(std::size_t bytes) { in_.consume(bytes); }

    /// Waits for more bytes behind `held`. False: the client is gone, the deadline passed, or the buffer is full.
    Task<bool> receive();

    /// Waits for bytes straight into `into`; `held` must be empty. 0: the client is gone or the deadline passed.
    Task<std::size_t> receive(std::span<char> into);

    /// Gives memory back while nothing happens on the connection.
    void rest();

    // -- out
    /// Bytes to be sent by the next `flush` or `send`.
    std::string out;

    /// Sends what is in `out`, then the parts. Keeps `pace` when the client is slow. False: broken.
    Task<bool> send(std::string_view body, std::string_view after, Pace& pace);
    Task<bool> flush(Pace& pace) { return send({}, {}, pace); }

    /// The same without waiting, for the usual case that the socket has room: true when all was sent.
    bool flush_now();

    // -- deadline
    clock::time_point deadline = clock::time_point::max();

    /// Called by the sweep when the deadline has passed: ends what waits.
    void expire();
    [[nodiscard]] bool expired() const { return expired_; }
    void forgive() { expired_ = false; }  // to say 408 before closing

    [[nodiscard]] bool broken() const { return broken_; }
    void shut_down_sending();

    /// Lets a TLS client know that this is the end. Nothing to say on a broken wire.
    void say_end();
    void close();

    /// Whether closing now would reset the connection, because the client has sent bytes that nobody read.
    [[nodiscard]] bool has_unread();

    [[nodiscard]] std::uint64_t bytes_in() const { return bytes_in_; }
    [[nodiscard]] std::uint64_t bytes_out() const { return sent_ + out.size(); }

    /// IPv4 also where it comes mapped into IPv6; 0.0.0.0 when the client is gone already.
    [[nodiscard]] boost::asio::ip::address remote_address() const;

  private:
    using Parts = std::array<boost::asio::const_buffer, 3>;

    bool write_some(Parts& parts);
    bool seal_some(Parts& parts);
    void sent(Parts& parts, std::size_t count);
    Task<std::size_t> unseal(std::span<char> into);
    Task<bool> wait_for_tls();

    boost::asio::ip::tcp::socket socket_;
    Receiver receiver_;
    TlsSession tls_;                                             // of no use once the socket is closed
    TlsSession::Outcome tls_state_ = TlsSession::Outcome::done;  // of the last operation
    std::size_t unsealed_in_turn_ = 0;                           // bytes, since other connections had their turn
    boost::beast::flat_buffer in_;
    std::uint64_t bytes_in_ = 0;
    std::uint64_t sent_ = 0;
    bool expired_ = false;
    bool broken_ = false;
};

}  // namespace townhall::http
