#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/db/query.hpp"
#include "platform/task.hpp"

struct pg_conn;

namespace townhall::db {

namespace asio = boost::asio;

/// How a connection is opened.
struct WireSettings {
    std::string conninfo;  ///< normalised
    std::string application_name;
    std::string session;  ///< `-c name=value …`, appended to the address's own options
    std::chrono::milliseconds connect_timeout{2'000};
};

/// What a statement is called on one connection. Prepared statements survive a rollback, so this is only ever wrong
/// after DDL or a pooler's doing, which the server tells by 26000 and 0A000.
class PreparedNames {
  public:
    struct Entry {
        std::string name;
        bool sent = false;
        bool ready = false;
    };
    Entry& of(const Statement& statement);
    /// The next use prepares it anew, under another name.
    void forget(const Statement& statement);

  private:
    struct Key {
        const char* sql;
        const Oid* types;
        bool operator==(const Key&) const = default;
    };
    struct Hash {
        std::size_t operator()(const Key& key) const noexcept {
            return std::hash<const void*>{}(key.sql) ^ (std::hash<const void*>{}(key.types) << 1);
        }
    };
    std::unordered_map<Key, Entry, Hash> entries_;
    unsigned serial_ = 0;
};

/// The SQLSTATE of an error; empty where the result is none, "08006" where libpq itself made it.
[[nodiscard]] std::string_view sqlstate_of(const Answer& answer);
[[nodiscard]] std::string_view constraint_of(const Answer& answer);
/// The session ends with this error.
[[nodiscard]] bool is_fatal(const Answer& answer);
[[nodiscard]] bool is_stale_plan(std::string_view sqlstate);

/// Throws the exception that `answer`, an error, stands for.
[[noreturn]] void throw_error(std::string_view sqlstate, std::string_view constraint, const char* statement);
[[nodiscard]] std::exception_ptr make_error(std::string_view sqlstate, std::string_view constraint,
                                            const char* statement);

/// One libpq connection in pipeline mode, driven by an io_context without ever blocking it. Used on that context's
/// thread only; always held by a shared_ptr, because waits in progress hold one too.
class Wire : public std::enable_shared_from_this<Wire> {
  public:
    explicit Wire(asio::io_context& context);
    ~Wire();
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    /// Throws Unavailable; `last_error` then says why.
    Task<void> open(const WireSettings& settings);
    void close() noexcept;

    [[nodiscard]] bool is_open() const { return connection_ != nullptr; }
    [[nodiscard]] pg_conn* raw() const { return connection_; }
    [[nodiscard]] const std::string& last_error() const { return last_error_; }
    [[nodiscard]] asio::io_context& context() const { return context_; }
    PreparedNames& prepared() { return prepared_; }

    /// Waits for bytes and takes them in; false when the connection has ended or was closed meanwhile.
    Task<bool> receive();
    /// Sends what libpq holds back, now and whenever the socket takes more; false when the connection is broken.
    bool flush();
    /// Makes `receive` return false.
    void interrupt() noexcept;
    /// Takes an interruption back; false when the connection has ended anyway.
    bool resume();
    /// Whether the server has not hung up, as far as this side can know without asking.
    [[nodiscard]] bool seems_alive();

    /// Ends the round of commands just sent, and waits for their answers, one for each in order; the last may be an
    /// error of the end itself. Throws Unavailable, and closes, when they don't come within `patience`.
    Task<std::vector<Answer>> finish_round(std::chrono::milliseconds patience);

  private:
    Task<std::vector<std::pair<std::string, std::string>>> keywords(const WireSettings& settings);
    bool watch_socket();
    void set_deadline(std::chrono::milliseconds patience);
    void clear_deadline();
    [[noreturn]] void give_up(std::string why);

    asio::io_context& context_;
    asio::posix::stream_descriptor socket_;  // a dup: libpq owns the original
    asio::steady_timer deadline_;
    pg_conn* connection_ = nullptr;
    PreparedNames prepared_;
    std::string last_error_;
    unsigned deadline_serial_ = 0;
    bool late_ = false;
    bool writing_ = false;
    bool interrupted_ = false;
};

}  // namespace townhall::db
