#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <map>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

/// For tests: a blocking client that sends exactly the bytes it is given.
namespace townhall::http::testing {

struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
    std::string raw_head;

    /// Empty when absent.
    [[nodiscard]] std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? "" : found->second;
    }
};

class Client {
  public:
    explicit Client(std::uint16_t port, int receive_buffer = 0)
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        const timeval limit{.tv_sec = 10, .tv_usec = 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            ::close(fd_);
            throw std::runtime_error("connect");
        }
    }
    Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)), held_(std::move(other.held_)) {}
    ~Client() {
        if (fd_ >= 0) ::close(fd_);
    }

    /// Sends all; false when the server has closed.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }

    [[nodiscard]] int descriptor() const { return fd_; }

    void finish_sending() { ::shutdown(fd_, SHUT_WR); }

    /// Reads one answer; `status` 0 when the connection ended before one. `bodiless`: the answer to a HEAD.
    Answer read(bool bodiless = false) {
        std::size_t end = held_.find("\r\n\r\n");
        while (end == std::string::npos) {
            if (!more()) return {};
            end = held_.find("\r\n\r\n");
        }
        Answer answer = parse_head(held_.substr(0, end + 2));
        held_.erase(0, end + 4);
        if (!bodiless && answer.status >= 200) read_body(answer);
        return answer;
    }

    Answer ask(std::string_view bytes, bool bodiless = false) {
        send(bytes);
        return read(bodiless);
    }

    /// Whether the server closes without another byte. A reset is no clean close.
    bool closes() { return held_.empty() && !more() && !reset_; }
    bool was_reset() const { return reset_; }

    /// All that comes until the connection ends.
    std::string rest() {
        while (more()) {
        }
        return std::exchange(held_, {});
    }

  private:
    bool more() {
        char buffer[16 * 1024];
        const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
        if (count < 0 && errno == ECONNRESET) reset_ = true;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw std::runtime_error("the server said nothing");
        if (count <= 0) return false;
        held_.append(buffer, static_cast<std::size_t>(count));
        return true;
    }

    static Answer parse_head(std::string_view head) {
        Answer answer;
        answer.raw_head = head;
        std::from_chars(head.data() + 9, head.data() + 12, answer.status);
        head.remove_prefix(head.find("\r\n") + 2);
        while (!head.empty()) {
            const std::string_view line = head.substr(0, head.find("\r\n"));
            std::string name(line.substr(0, line.find(':')));
            std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
            answer.headers[name] = line.substr(std::min(line.find(": ") + 2, line.size()));
            head.remove_prefix(line.size() + 2);
        }
        return answer;
    }

    bool take(std::string& into, std::size_t count) {
        while (held_.size() < count) {
            if (!more()) return false;
        }
        into.append(held_, 0, count);
        held_.erase(0, count);
        return true;
    }

    void read_body(Answer& answer) {
        if (answer.headers.contains("content-length")) {
            take(answer.body, std::stoull(answer.headers["content-length"]));
        } else if (answer.headers.contains("transfer-encoding")) {
            read_chunks(answer);
        } else if (answer.status != 204 && answer.status != 304) {
            answer.body = rest();
        }
    }

    void read_chunks(Answer& answer) {
        for (;;) {
            std::size_t end = held_.find("\r\n");
            while (end == std::string::npos) {
                if (!more()) return;
                end = held_.find("\r\n");
            }
            const std::size_t size = std::stoull(held_.substr(0, end), nullptr, 16);
            held_.erase(0, end + 2);
            std::string line_end;
            if (!take(answer.body, size) || !take(line_end, 2) || size == 0) return;
        }
    }

    int fd_;
    std::string held_;
    bool reset_ = false;
};

}  // namespace townhall::http::testing
