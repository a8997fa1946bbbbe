#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace townhall::http {

/// The certificate or its key can't be used. Names the file, and OpenSSL's reason.
struct TlsError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// TLS on one accepted socket, which is non-blocking and outlives it. Never waits: what can't be done yet says what to
/// wait for. Nothing may be called once the socket is closed, for its number may be another's then.
class TlsSession {
  public:
    enum class Outcome : std::uint8_t {
        done,
        wants_read,   // again when the socket is readable; a write with the same bytes first
        wants_write,  // the same, writable
        ended,        // the peer sends no more
        failed,
    };
    struct Step {
        Outcome outcome = Outcome::failed;
        std::size_t bytes = 0;  // of plain text, when done
    };

    TlsSession() = default;  // none: the socket carries plain text
    explicit operator bool() const { return ssl_ != nullptr; }

    Step shake_hands();
    Step read(std::span<char> into);
    Step write(std::string_view bytes);

    /// Tells the peer that no more comes (close_notify), if it can be told at once.
    void finish();

    /// Whether bytes were received that `read` has not given yet.
    [[nodiscard]] bool holds_bytes() const;

  private:
    friend class Tls;
    struct Free {
        void operator()(ssl_st* ssl) const;
    };
    explicit TlsSession(ssl_st* ssl) : ssl_(ssl) {}

    [[nodiscard]] Step step_of(int result, std::size_t bytes);

    std::unique_ptr<ssl_st, Free> ssl_;
    bool failed_ = false;
};

/// The server's side of TLS 1.2 and 1.3, for HTTP/1.1 alone. Any thread. The process must ignore SIGPIPE.
class Tls {
  public:
    struct Files {
        std::filesystem::path certificate;  // PEM: the server's own first, then those above it
        std::filesystem::path key;          // PEM, without a passphrase
    };

    /// Reads both. Throws `TlsError`.
    explicit Tls(Files files);

    /// Reads both again: connections that come from now on get them. Throws `TlsError`, and changes nothing then.
    /// Blocks on the files.
    void reload();

    /// Throws `std::bad_alloc`.
    [[nodiscard]] TlsSession session(int socket) const;

  private:
    struct Free {
        void operator()(ssl_ctx_st* context) const;
    };
    using Context = std::unique_ptr<ssl_ctx_st, Free>;

    [[nodiscard]] static Context load(const Files& files);

    const Files files_;
    mutable std::mutex mutex_;  // guards `context_`; sessions hold on to the one that they began with
    Context context_;
};

}  // namespace townhall::http
