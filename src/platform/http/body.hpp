#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "platform/http/answer.hpp"
#include "platform/http/chunked.hpp"
#include "platform/http/gate.hpp"
#include "platform/http/message.hpp"
#include "platform/http/pace.hpp"
#include "platform/http/wire.hpp"

namespace townhall::http {

/// The body of one request, read from the wire as the handler asks for it.
class IncomingBody final : public BodyReader {
  public:
    IncomingBody(Wire& wire, const Framing& framing, const ServerOptions& options);

    Task<std::size_t> read(std::span<char> buffer) override;
    [[nodiscard]] std::optional<std::uint64_t> length() const override { return framing_.length; }
    void set_limit(std::uint64_t bytes) override;

    /// All was read: the next byte on the wire is the next request's.
    [[nodiscard]] bool finished() const;

    /// Whether the rest is short enough, and sure enough to come, to be read away after the answer.
    [[nodiscard]] bool can_skip() const;

    /// Reads the rest away. False when it can't be done: the connection must close.
    Task<bool> skip();

    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

    /// It is the client that is being waited for now.
    [[nodiscard]] bool waits() const { return waits_; }

  private:
    Task<void> begin();
    Task<std::size_t> read_sized(std::span<char> buffer);
    Task<std::size_t> read_chunked(std::span<char> buffer);
    Task<std::size_t> wait(std::span<char> buffer);
    void count(std::size_t bytes);
    [[noreturn]] void fail(int status, const char* why);

    Wire& wire_;
    Framing framing_;
    std::uint64_t limit_;
    std::uint64_t skippable_;
    Pace pace_;
    ChunkDecoder chunks_;
    std::uint64_t bytes_ = 0;
    bool begun_ = false;
    bool waits_ = false;
    std::optional<BodyError> failed_;
};

/// The body of one streamed answer.
class OutgoingBody final : public BodyWriter {
  public:
    OutgoingBody(Wire& wire, Pace& pace, BodyLeft body)
        : wire_(wire), pace_(pace), kind_(body.kind), left_(body.length) {}

    /// Also sends the header, when it is still held back. Nothing but that for an empty view.
    Task<void> write(std::string_view bytes) override;

    /// Ends the body. False when the handler wrote less than it had announced.
    bool finish();

  private:
    Wire& wire_;
    Pace& pace_;
    BodyKind kind_;
    std::uint64_t left_;
};

}  // namespace townhall::http
