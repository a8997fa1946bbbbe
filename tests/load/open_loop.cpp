// A load whose rate does not depend on the answers:
//
//     open_loop PORT RATE SECONDS CONNECTIONS < request
//
// asks 127.0.0.1:PORT the request RATE times a second. Latencies count from when a request was due, so that a server
// that stalls can't hide it. It is compiled, for it shares the cores with what it measures. The report is one line of
// JSON, times in seconds: {"due", "answered", "statuses", "p50", "p99", "most"}.

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <fmt/format.h>
#include <map>
#include <netinet/tcp.h>
#include <optional>
#include <string>
#include <string_view>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace {

using Seconds = std::chrono::duration<double>;
constexpr Seconds kGrace{10};  // for the answers that are still out when the last request was sent

double now() { return Seconds(std::chrono::steady_clock::now().time_since_epoch()).count(); }

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::system_category(), what); }

struct Connection {
    int fd = -1;
    std::optional<double> due;  // of the request that is on its way
    bool used = false;          // it has answered before
    std::string answer;
};

/// The value of a header field, or nothing. `head` ends before the blank line.
std::optional<std::string_view> field(std::string_view head, std::string_view name) {
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
        at += 2;
        const std::string_view line = head.substr(at, head.find("\r\n", at) - at);
        if (line.size() > name.size() && line[name.size()] == ':' &&
            ::strncasecmp(line.data(), name.data(), name.size()) == 0) {
            const std::size_t value = line.find_first_not_of(' ', name.size() + 1);
            return value == std::string_view::npos ? std::string_view{} : line.substr(value);
        }
    }
    return std::nullopt;
}

bool is_whole(std::string_view answer) {
    const std::size_t end = answer.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    const std::string_view head = answer.substr(0, end);
    const std::string_view body = answer.substr(end + 4);
    if (const auto length = field(head, "Content-Length")) {
        std::size_t bytes = 0;
        std::from_chars(length->data(), length->data() + length->size(), bytes);
        return body.size() >= bytes;
    }
    const std::string_view status = head.substr(std::min<std::size_t>(9, head.size()), 3);
    return status == "204" || status == "304" || body.ends_with("0\r\n\r\n");
}

/// Sends each request on a free connection when it is due; all that are due wait in order when none is free.
class Load {
  public:
    Load(std::uint16_t port, std::size_t connections, std::string request)
        : port_(port), connections_(connections), request_(std::move(request)), epoll_(::epoll_create1(0)) {
        if (epoll_ < 0) fail("epoll_create1");
        free_.reserve(connections);
    }

    std::size_t run(double rate, double seconds) {
        const double begin = now();
        const double end = begin + seconds + kGrace.count();
        const auto count = static_cast<std::size_t>(rate * seconds);
        std::size_t asked = 0;
        const auto next = [&] { return begin + static_cast<double>(asked) / rate; };
        while ((asked < count || !due_.empty() || latencies_.size() < asked) && now() < end) {
            for (const double at = now(); asked < count && next() <= at; ++asked) due_.push_back(next());
            send_due();
            receive(asked < count ? std::max(0.0, next() - now()) : 0.1);
        }
        return asked;
    }

    [[nodiscard]] std::string report(std::size_t asked) {
        std::ranges::sort(latencies_);
        const auto share = [&](double part) {
            if (latencies_.empty()) return std::string("null");
            const auto at = static_cast<std::size_t>(static_cast<double>(latencies_.size()) * part);
            return fmt::format("{:.6f}", latencies_[std::min(at, latencies_.size() - 1)]);
        };
        std::string statuses;
        for (const auto& [status, times] : statuses_)
            statuses += fmt::format("{}\"{}\": {}", statuses.empty() ? "" : ", ", status, times);
        return fmt::format(R"({{"due": {}, "answered": {}, "statuses": {{{}}}, "p50": {}, "p99": {}, "most": {}}})",
                           asked, latencies_.size() - count_of("lost"), statuses, share(0.5), share(0.99), share(1));
    }

  private:
    [[nodiscard]] std::size_t count_of(const std::string& status) const {
        const auto found = statuses_.find(status);
        return found == statuses_.end() ? 0 : found->second;
    }

    void send_due() {
        while (!due_.empty() && (!free_.empty() || open_ < connections_.size())) {
            Connection& connection = free_.empty() ? opened() : *free_.back();
            if (!free_.empty()) free_.pop_back();
            connection.due = due_.front();
            due_.pop_front();
            const ssize_t sent = ::send(connection.fd, request_.data(), request_.size(), MSG_NOSIGNAL);
            if (sent != static_cast<ssize_t>(request_.size())) lose(connection);
        }
    }

    Connection& opened() {
        Connection& connection = *std::ranges::find(connections_, -1, &Connection::fd);
        connection = {.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .due = {}, .used = false, .answer = {}};
        if (connection.fd < 0) fail("socket");
        const int yes = 1;
        ::setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port_);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
        epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) != 0) fail("epoll_ctl");
        ++open_;
        return connection;
    }

    void receive(double wait) {
        std::array<epoll_event, 64> events;
        const timespec patience{static_cast<time_t>(wait), static_cast<long>((wait - static_cast<time_t>(wait)) * 1e9)};
        const int ready = ::epoll_pwait2(epoll_, events.data(), events.size(), &patience, nullptr);
        if (ready < 0 && errno != EINTR) fail("epoll_pwait2");
        for (int i = 0; i < ready; ++i) read(*static_cast<Connection*>(events[i].data.ptr));
    }

    void read(Connection& connection) {
        std::array<char, 65536> bytes;
        const ssize_t got = ::recv(connection.fd, bytes.data(), bytes.size(), 0);
        if (got <= 0 || !connection.due) return lose(connection);  // its end, or an answer that nobody asked for
        connection.answer.append(bytes.data(), static_cast<std::size_t>(got));
        if (!is_whole(connection.answer)) return;
        latencies_.push_back(now() - *connection.due);
        ++statuses_[connection.answer.substr(9, 3)];
        connection.answer.clear();
        connection.due.reset();
        connection.used = true;
        free_.push_back(&connection);
    }

    /// The connection ended. A request that met its idle end is sent again; another one counts as lost.
    void lose(Connection& connection) {
        ::close(connection.fd);
        connection.fd = -1;
        --open_;
        std::erase(free_, &connection);
        if (!connection.due) return;
        if (connection.used && connection.answer.empty()) {
            due_.push_front(*connection.due);
        } else {
            latencies_.push_back(now() - *connection.due);
            ++statuses_["lost"];
        }
    }

    std::uint16_t port_;
    std::vector<Connection> connections_;  // of which `open_` are open
    std::size_t open_ = 0;
    std::string request_;
    int epoll_;
    std::vector<Connection*> free_;
    std::deque<double> due_;
    std::vector<double> latencies_;
    std::map<std::string, std::size_t> statuses_;
};

}  // namespace

int main(int count, char** words) {
    if (count != 5) {
        fmt::print(stderr, "open_loop PORT RATE SECONDS CONNECTIONS < request\n");
        return 2;
    }
    try {
        ::prctl(PR_SET_TIMERSLACK, 1);  // nanosecond: a request is due when it is due
        std::string request;
        std::array<char, 4096> bytes;
        for (ssize_t got = 0; (got = ::read(STDIN_FILENO, bytes.data(), bytes.size())) > 0;)
            request.append(bytes.data(), static_cast<std::size_t>(got));
        Load load(static_cast<std::uint16_t>(std::stoi(words[1])), std::stoul(words[4]), std::move(request));
        const std::size_t asked = load.run(std::stod(words[2]), std::stod(words[3]));
        fmt::print("{}\n", load.report(asked));
    } catch (const std::exception& error) {
        fmt::print(stderr, "open_loop: {}\n", error.what());
        return 1;
    }
    return 0;
}
