#include "platform/db/wire.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <unistd.h>

#include "platform/db/errors.hpp"

namespace townhall::db {

PreparedNames::Entry& PreparedNames::of(const Statement& statement) {
    Entry& entry = entries_[{statement.sql, statement.parameters.data()}];
    // The server tells names apart by their first 63 bytes only.
    if (entry.name.empty()) entry.name = fmt::format("{} {:.40}", ++serial_, statement.name);
    return entry;
}

void PreparedNames::forget(const Statement& statement) { entries_.erase({statement.sql, statement.parameters.data()}); }

namespace {
std::string_view field_of(const Answer& answer, int field) {
    const char* text = answer.raw() == nullptr ? nullptr : PQresultErrorField(answer.raw(), field);
    return text == nullptr ? std::string_view{} : std::string_view{text};
}
}  // namespace

std::string_view sqlstate_of(const Answer& answer) {
    if (answer.raw() != nullptr && PQresultStatus(answer.raw()) != PGRES_FATAL_ERROR) return {};
    const std::string_view code = field_of(answer, PG_DIAG_SQLSTATE);
    return code.empty() ? std::string_view{"08006"} : code;
}

std::string_view constraint_of(const Answer& answer) { return field_of(answer, PG_DIAG_CONSTRAINT_NAME); }

bool is_fatal(const Answer& answer) {
    const std::string_view severity = field_of(answer, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity == "FATAL" || severity == "PANIC" || severity.empty();
}

bool is_stale_plan(std::string_view sqlstate) { return sqlstate == "0A000" || sqlstate == "26000"; }

void throw_error(std::string_view sqlstate, std::string_view constraint, const char* statement) {
    std::rethrow_exception(make_error(sqlstate, constraint, statement));
}

std::exception_ptr make_error(std::string_view sqlstate, std::string_view constraint, const char* statement) {
    if (outcome_of(sqlstate) == Outcome::unavailable) return std::make_exception_ptr(Unavailable{});
    return std::make_exception_ptr(StatementError{sqlstate, constraint, statement});
}

Wire::Wire(asio::io_context& context) : context_(context), socket_(context), deadline_(context) {}

Wire::~Wire() { close(); }

void Wire::close() noexcept {
    clear_deadline();
    boost::system::error_code ignored;
    socket_.close(ignored);
    if (connection_ != nullptr) PQfinish(connection_);
    connection_ = nullptr;
    prepared_ = {};
}

void Wire::interrupt() noexcept {
    interrupted_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

bool Wire::resume() {
    const bool only_interrupted = interrupted_ && !late_;
    interrupted_ = false;
    return only_interrupted && connection_ != nullptr && PQconsumeInput(connection_) == 1;
}

void Wire::give_up(std::string why) {
    // libpq's texts name host, port, user and database, never the password; one line is enough.
    if (const std::size_t end = why.find('\n'); end != std::string::npos) why.resize(end);
    close();
    last_error_ = std::move(why);
    throw Unavailable{};
}

void Wire::set_deadline(std::chrono::milliseconds patience) {
    late_ = false;
    const unsigned serial = ++deadline_serial_;
    deadline_.expires_after(patience);
    deadline_.async_wait([weak = weak_from_this(), serial](boost::system::error_code error) {
        const auto self = weak.lock();
        if (error || !self || self->deadline_serial_ != serial) return;
        self->late_ = true;
        self->socket_.cancel(error);
    });
}

void Wire::clear_deadline() {
    ++deadline_serial_;
    deadline_.cancel();
}

bool Wire::watch_socket() {
    boost::system::error_code error;
    socket_.close(error);
    const int copy = ::dup(PQsocket(connection_));
    if (copy < 0) return false;
    socket_.assign(copy, error);
    if (error) ::close(copy);
    return !error;
}

/// libpq looks names up while it connects, which would hold up everything on this thread: a name is resolved here
/// first.
Task<std::vector<std::pair<std::string, std::string>>> Wire::keywords(const WireSettings& settings) {
    std::vector<std::pair<std::string, std::string>> pairs;
    std::string options;
    std::string host;
    bool has_address = false;
    PQconninfoOption* parsed = PQconninfoParse(settings.conninfo.c_str(), nullptr);
    if (parsed == nullptr) give_up("the address of the database can't be read");
    for (const PQconninfoOption* option = parsed; option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        const std::string_view key = option->keyword;
        if (key == "options") {
            options = option->val;
            continue;
        }
        if (key == "host") host = option->val;
        if (key == "hostaddr") has_address = true;
        if (key == "host" || key == "application_name" || key == "client_encoding") continue;
        pairs.emplace_back(key, option->val);
    }
    PQconninfoFree(parsed);
    std::string addresses;
    boost::system::error_code not_an_address;
    asio::ip::make_address(host, not_an_address);
    if (!host.empty() && !has_address && host.find_first_of("/,@") == std::string::npos && not_an_address) {
        asio::ip::tcp::resolver resolver(context_);
        const auto [error, found] = co_await resolver.async_resolve(host, "", asio::as_tuple(asio::use_awaitable));
        if (error) give_up(fmt::format("the name of the database's host is not known: {}", error.message()));
        std::string names;
        for (const auto& entry : found) {
            const std::string address = entry.endpoint().address().to_string();
            if (("," + addresses + ",").find("," + address + ",") != std::string::npos) continue;
            addresses += (addresses.empty() ? "" : ",") + address;
            names += (names.empty() ? "" : ",") + host;
        }
        host = names;
    }
    if (!host.empty()) pairs.emplace_back("host", host);
    if (!addresses.empty()) pairs.emplace_back("hostaddr", addresses);
    pairs.emplace_back("application_name", settings.application_name);
    pairs.emplace_back("client_encoding", "UTF8");
    pairs.emplace_back("options", options + (options.empty() ? "" : " ") + settings.session);
    co_return pairs;
}

Task<void> Wire::open(const WireSettings& settings) {
    close();
    const auto pairs = co_await keywords(settings);
    std::vector<const char*> keys;
    std::vector<const char*> values;
    for (const auto& [key, value] : pairs) {
        keys.push_back(key.c_str());
        values.push_back(value.c_str());
    }
    keys.push_back(nullptr);
    values.push_back(nullptr);
    connection_ = PQconnectStartParams(keys.data(), values.data(), 0);
    if (connection_ == nullptr) give_up("out of memory");
    PQsetNoticeReceiver(connection_, [](void*, const PGresult*) {}, nullptr);
    set_deadline(settings.connect_timeout);
    PostgresPollingStatusType step =
        PQstatus(connection_) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (step != PGRES_POLLING_OK) {
        if (step == PGRES_POLLING_FAILED) give_up(PQerrorMessage(connection_));
        // libpq goes from address to address, and may reuse a descriptor's number: a fresh dup each time.
        if (!watch_socket()) give_up("no socket to wait for");
        const auto direction = step == PGRES_POLLING_READING ? asio::posix::stream_descriptor::wait_read
                                                             : asio::posix::stream_descriptor::wait_write;
        co_await socket_.async_wait(direction, asio::as_tuple(asio::use_awaitable));
        if (late_ || connection_ == nullptr) give_up("no answer while connecting");
        step = PQconnectPoll(connection_);
    }
    clear_deadline();
    PQsetErrorVerbosity(connection_, PQERRORS_TERSE);
    if (!watch_socket() || PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1)
        give_up("the connection can't be set up");
    interrupted_ = false;
    writing_ = false;
    last_error_.clear();
}

Task<bool> Wire::receive() {
    if (!interrupted_ && connection_ != nullptr) {
        co_await socket_.async_wait(asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
    }
    if (interrupted_ || late_ || connection_ == nullptr) co_return false;
    if (PQconsumeInput(connection_) != 1) co_return false;
    // A TLS record may be larger than what one call takes; the rest of it is not seen by the socket's readiness.
    if (PQsslInUse(connection_) != 0 && PQconsumeInput(connection_) != 1) co_return false;
    co_return true;
}

bool Wire::flush() {
    if (connection_ == nullptr) return false;
    if (writing_) return true;
    const int state = PQflush(connection_);
    if (state < 0) return false;
    if (state == 0) return true;
    writing_ = true;
    socket_.async_wait(asio::posix::stream_descriptor::wait_write,
                       [self = shared_from_this()](boost::system::error_code error) {
                           self->writing_ = false;
                           if (!error && !self->flush()) self->interrupt();
                       });
    return true;
}

bool Wire::seems_alive() {
    // Twice: a server that stops says so first and hangs up after.
    return connection_ != nullptr && PQconsumeInput(connection_) == 1 && PQconsumeInput(connection_) == 1 &&
           PQstatus(connection_) == CONNECTION_OK && PQisBusy(connection_) == 0 && PQgetResult(connection_) == nullptr;
}

Task<std::vector<Answer>> Wire::finish_round(std::chrono::milliseconds patience) {
    const auto self = shared_from_this();
    std::vector<Answer> answers;
    if (connection_ == nullptr || PQpipelineSync(connection_) != 1 || !flush()) give_up("the connection is broken");
    set_deadline(patience);
    int silences = 0;
    for (;;) {
        while (PQisBusy(connection_) != 0)
            if (!co_await receive()) give_up("the connection ended");
        Answer answer(PQgetResult(connection_));
        if (answer.raw() == nullptr) {
            if (++silences > 2) give_up("libpq lost count");
            continue;
        }
        silences = 0;
        if (PQresultStatus(answer.raw()) == PGRES_PIPELINE_SYNC) break;
        if (PQresultStatus(answer.raw()) == PGRES_FATAL_ERROR && is_fatal(answer)) give_up("the server hung up");
        answers.push_back(std::move(answer));
    }
    clear_deadline();
    co_return answers;
}

}  // namespace townhall::db
