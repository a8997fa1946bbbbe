#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <optional>

#include "platform/http/body.hpp"
#include "platform/http/gate.hpp"
#include "platform/http/message.hpp"
#include "platform/http/wire.hpp"
#include "platform/http/worker.hpp"

namespace townhall::http {

/// One client's connection: one coroutine, `run`, from accept to close. A local variable of the coroutine that the
/// worker spawns; linked into the worker's list for as long as it lives.
class Connection : public ConnectionLink {
  public:
    using clock = std::chrono::steady_clock;

    Connection(Worker& worker, boost::asio::ip::tcp::socket socket);

    Task<void> run();

    // -- for the worker, between the coroutine's steps
    [[nodiscard]] clock::time_point deadline() const { return wire_.deadline; }
    void expire();
    void cut_off() { cut_off_ = true, wire_.close(); }
    [[nodiscard]] bool is_idle() const { return phase_ == Phase::idle; }
    /// Since when it waits for a request; while it is idle.
    [[nodiscard]] clock::time_point waiting_from() const { return waiting_from_; }

    /// While stopping: a request that is already on its way is still served.
    void finish_by(clock::time_point moment) {
        if (is_idle()) wire_.deadline = std::min(wire_.deadline, moment);
    }

  private:
    enum class Phase : std::uint8_t { idle, header, exchange, closing };
    /// What is remembered of one exchange until it is logged.
    struct Exchange {
        clock::time_point started;
        std::uint64_t head_bytes = 0;
        std::uint64_t bytes_out_before = 0;
        bool is_head = false;
        int version = 11;
    };

    Task<bool> shake_hands(const Tls& tls);
    void come_from(const Origin& origin);
    void await_head();
    [[nodiscard]] bool head_came_too_slowly();
    [[nodiscard]] std::optional<Refusal> take_head(std::size_t bytes);
    void copy_request();
    Task<void> exchange();
    void answer_late();
    [[nodiscard]] Response failed();
    [[nodiscard]] std::optional<BodyLeft> begin_answer(Response& response, const Exchange& current);
    Task<void> send_body(Response& response, BodyLeft left);
    Task<void> stream(Response& response, BodyLeft left);
    Task<void> refuse(Refusal refusal);
    Task<void> leave();
    void await_next();
    void skip_empty_line();
    void settle();
    void account(const Response& response, const Exchange& current, std::uint64_t body_bytes);

    Worker& worker_;
    Wire wire_;
    const Origin peer_;
    const bool behind_proxy_;  // the peer is trusted to tell who the client is
    HeadScanner scanner_;
    Head head_;  // its views are dead once the header is taken off the wire
    std::size_t head_bytes_ = 0;
    Framing framing_;
    Request request_;
    Pace sending_;
    IncomingBody* body_ = nullptr;       // while the handler is asked
    const Exchange* current_ = nullptr;  // as long
    clock::time_point waiting_from_;     // since when the connection is idle
    bool first_ = true;                  // no request was taken yet
    bool parsed_ = false;                // the header of the present one was
    bool late_ = false;                  // answered by ourselves, in the handler's place
    bool empty_line_allowed_ = true;
    Phase phase_ = Phase::idle;
    bool open_ = true;      // another request may follow
    bool linger_ = false;   // the client is in the middle of something: read it away, so that it sees our answer
    bool cut_off_ = false;  // at the server's stop deadline
};

}  // namespace townhall::http
