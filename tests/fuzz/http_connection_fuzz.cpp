// Any bytes as one client's half of a connection, through the whole of it: header, framing, bodies, pipeline, answers.
// They come in one piece, then in pieces whose size the first byte chooses: what is understood must be the same.

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "platform/http/connection.hpp"
#include "platform/http/uri.hpp"
#include "platform/http/worker.hpp"
#include "platform/observe/log.hpp"

namespace {

using namespace townhall;
using namespace townhall::http;

void require(bool condition) {
    if (!condition) std::abort();
}

/// Writes down what reaches it. Paths choose what it does: /i… leaves the body unread, /l… limits it, /s… streams.
class Recorder final : public Handler {
  public:
    Task<Response> handle(Request& request) override {
        check(request);
        std::string text = request.method + ' ' + request.path + '?' + request.query + ' ' + request.remote_address;
        for (const auto& [name, value] : request.headers) text += '\n' + name + ": " + value;
        requests.push_back(std::move(text));
        if (request.path.starts_with("/l")) request.body->set_limit(16);
        // A body that turns out to be broken may have given some of itself before, or none: that is chance.
        if (!request.path.starts_with("/i")) requests.back() += co_await read(*request.body);
        Response response{.content_type = "text/plain", .body = std::to_string(requests.back().size())};
        if (request.path.starts_with("/s")) {
            response.stream = [](BodyWriter& writer) -> Task<void> {
                for (const char* piece : {"one", "", "two"}) co_await writer.write(piece);
            };
        }
        co_return response;
    }

    Response refuse(int status, std::string_view detail, const Request& /*request*/) override {
        ++refused;
        return {.status = status, .content_type = "text/plain", .body = std::string(detail)};
    }

    std::vector<std::string> requests;
    int refused = 0;

  private:
    static void check(const Request& request) {
        require(request.path.starts_with('/') && is_utf8(request.path) && !request.path.contains('\0'));
        require(request.headers.size() <= 100 && !request.request_id.empty());
        std::size_t hosts = 0;
        for (const auto& [name, value] : request.headers) {
            require(!name.empty() && name.find_first_of(" \t\r\n:") == std::string::npos);
            require(value.find_first_of("\r\n") == std::string::npos && !value.contains('\0'));
            if (equal_without_case(name, "host")) ++hosts;
        }
        require(hosts <= 1);
    }

    static Task<std::string> read(BodyReader& body) {
        std::array<char, 100> piece;
        std::string all = "\n\n";
        while (const std::size_t count = co_await body.read(piece)) all.append(piece.data(), count);
        co_return all;
    }
};

ServerOptions small() {
    ServerOptions options;
    options.limits = {
        .header_bytes = 1024, .target_bytes = 256, .fields = 10, .body_bytes = 512, .unread_body_bytes = 32};
    options.trusted_proxies = TrustedProxies::parse("0.0.0.0/0,::/0").value();
    return options;
}

struct Outcome {
    std::vector<std::string> requests;
    std::vector<std::string> answers;  // without what differs each time
    int refused = 0;
};

/// The client's end of a connection.
class Peer {
  public:
    explicit Peer(std::string_view bytes, std::size_t piece) : bytes_(bytes), piece_(piece) {
        require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_.data()) == 0);
    }
    ~Peer() { ::close(ends_[0]); }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    [[nodiscard]] int other_end() const { return ends_[1]; }

    void send_some() {
        const std::string_view next = bytes_.substr(0, piece_);
        const ssize_t count = ::send(ends_[0], next.data(), next.size(), MSG_NOSIGNAL);
        if (count > 0) bytes_.remove_prefix(static_cast<std::size_t>(count));
        const bool refused = count < 0 && errno != EAGAIN;
        if (bytes_.empty() || refused) ::shutdown(ends_[0], SHUT_WR);
    }

    void receive_some() {
        std::array<char, 16 * 1024> buffer;
        for (ssize_t count = 0; (count = ::recv(ends_[0], buffer.data(), buffer.size(), 0)) > 0;) {
            received.append(buffer.data(), static_cast<std::size_t>(count));
        }
    }

    std::string received;

  private:
    std::string_view bytes_;
    std::size_t piece_;
    std::array<int, 2> ends_{};
};

std::size_t number(std::string_view text, int base) {
    std::size_t value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    require(fault == std::errc() && end == text.data() + text.size());
    return value;
}

std::string_view take(std::string_view& bytes, std::size_t count) {
    require(bytes.size() >= count);
    const auto taken = bytes.substr(0, count);
    bytes.remove_prefix(count);
    return taken;
}

std::string_view take_line(std::string_view& bytes) {
    const std::size_t end = bytes.find("\r\n");
    require(end != std::string_view::npos);
    const auto line = take(bytes, end);
    bytes.remove_prefix(2);
    return line;
}

/// Reads the answers with a parser of its own. All are whole, and the one that closes is the last.
std::vector<std::string> split_answers(std::string_view bytes, const std::vector<bool>& heads) {
    std::vector<std::string> answers;
    bool closed = false;
    while (!bytes.empty()) {
        const std::string_view status = take_line(bytes);
        require(!closed && status.size() > 13 && status.starts_with("HTTP/1.1 "));
        std::string answer(status);
        std::size_t length = 0;
        bool chunked = false;
        bool until_close = true;
        for (std::string_view line = take_line(bytes); !line.empty(); line = take_line(bytes)) {
            if (line.starts_with("Date: ") || line.starts_with("X-Request-Id: ")) continue;
            answer.append("\n").append(line);
            closed = closed || line == "Connection: close";
            chunked = chunked || line == "Transfer-Encoding: chunked";
            if (line.starts_with("Content-Length: ")) length = number(line.substr(16), 10);
            until_close = until_close && !chunked && !line.starts_with("Content-Length: ");
        }
        if (status.starts_with("HTTP/1.1 100")) continue;
        const bool bodiless = answers.size() < heads.size() && heads[answers.size()];
        if (chunked && !bodiless) {
            for (std::size_t size = 1; size > 0; answer += take(bytes, size), require(take_line(bytes).empty())) {
                size = number(take_line(bytes), 16);
            }
        } else if (!bodiless) {
            require(!until_close || closed);
            answer += take(bytes, until_close ? bytes.size() : length);
        }
        answers.push_back(std::move(answer));
    }
    return answers;
}

Outcome drive(std::string_view bytes, std::size_t piece) {
    boost::asio::io_context context(1);
    Recorder recorder;
    const auto worker = std::make_shared<Worker>(context, small(), 10, recorder);
    Peer peer(bytes, piece);
    boost::asio::ip::tcp::socket socket(context);
    socket.assign(boost::asio::ip::tcp::v4(), peer.other_end());
    bool ended = false;
    {
        Connection connection(*worker, std::move(socket));
        boost::asio::co_spawn(context, connection.run(), [&ended](const std::exception_ptr& thrown) {
            require(!thrown);
            ended = true;
        });
        while (!ended) {
            peer.send_some();
            context.poll();
            peer.receive_some();
        }
    }
    std::vector<bool> heads;
    for (const auto& request : recorder.requests) heads.push_back(request.starts_with("HEAD "));
    Outcome outcome{recorder.requests, split_answers(peer.received, heads), recorder.refused};
    require(outcome.answers.size() <= outcome.requests.size() + static_cast<std::size_t>(outcome.refused));
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
    observe::set_level(observe::Level::critical);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kLongest = 1500;  // past every limit, and no longer: each piece costs system calls
    if (size < 2 || size > kLongest) return -1;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Outcome whole = drive(bytes, bytes.size());
    const Outcome pieces = drive(bytes, 1 + data[0] % 64);
    require(whole.requests == pieces.requests);
    require(whole.answers == pieces.answers);
    require(whole.refused == pieces.refused);
    return 0;
}
