#include "platform/http/tls.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "platform/http/test_client.hpp"
#include "platform/http/test_server.hpp"

namespace townhall::http::testing {
namespace {

// A folder with a self-signed certificate, which can be made anew.
class Certificate {
  public:
    Certificate() {
        std::string name = "/tmp/townhall-tls-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        make(1);
    }
    ~Certificate() { std::filesystem::remove_all(folder_); }
    Certificate(const Certificate&) = delete;
    Certificate& operator=(const Certificate&) = delete;

    [[nodiscard]] Tls::Files files() const { return {folder_ / "cert.pem", folder_ / "key.pem"}; }

    void make(long serial) const {
        EVP_PKEY* key = EVP_EC_gen("P-256");
        X509* certificate = X509_new();
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
        X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
        X509_set_pubkey(certificate, key);
        X509_sign(certificate, key, EVP_sha256());
        write(files().certificate, [&](FILE* file) { return PEM_write_X509(file, certificate); });
        write(files().key,
              [&](FILE* file) { return PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr); });
        X509_free(certificate);
        EVP_PKEY_free(key);
    }

  private:
    template <class Writer>
    static void write(const std::filesystem::path& path, Writer writer) {
        FILE* file = std::fopen(path.c_str(), "w");
        ASSERT_NE(file, nullptr);
        EXPECT_EQ(writer(file), 1);
        std::fclose(file);
    }

    std::filesystem::path folder_;
};

struct Greeting {
    int version = TLS1_3_VERSION;
    std::string_view protocols = "\x08http/1.1";
};

/// A blocking TLS client that trusts anybody.
class TlsClient {
  public:
    explicit TlsClient(std::uint16_t port, const Greeting& greeting = {})
        : socket_(port), context_(SSL_CTX_new(TLS_client_method())) {
        SSL_CTX_set_max_proto_version(context_, greeting.version);
        SSL_CTX_set_security_level(context_, 0);
        ssl_ = SSL_new(context_);
        if (!greeting.protocols.empty()) {
            SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(greeting.protocols.data()),
                                static_cast<unsigned>(greeting.protocols.size()));
        }
        SSL_set_fd(ssl_, socket_.descriptor());
        connected_ = SSL_connect(ssl_) == 1;
    }
    ~TlsClient() {
        SSL_free(ssl_);
        SSL_CTX_free(context_);
    }
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] std::string version() const { return SSL_get_version(ssl_); }
    [[nodiscard]] std::string protocol() const {
        const unsigned char* name = nullptr;
        unsigned length = 0;
        SSL_get0_alpn_selected(ssl_, &name, &length);
        return {reinterpret_cast<const char*>(name), length};
    }
    [[nodiscard]] long serial() const {
        X509* certificate = SSL_get1_peer_certificate(ssl_);
        const long serial = ASN1_INTEGER_get(X509_get0_serialNumber(certificate));
        X509_free(certificate);
        return serial;
    }

    bool send(std::string_view bytes) {
        std::size_t sent = 0;
        while (!bytes.empty() && SSL_write_ex(ssl_, bytes.data(), bytes.size(), &sent) == 1) bytes.remove_prefix(sent);
        return bytes.empty();
    }

    /// Bytes until `count` of them are there or the connection ends.
    std::string read(std::size_t count) {
        std::string all(count, '\0');
        std::size_t at = 0;
        std::size_t got = 0;
        while (at < count && SSL_read_ex(ssl_, all.data() + at, count - at, &got) == 1) at += got;
        all.resize(at);
        return all;
    }

    std::string ask(std::string_view path) {
        send("GET " + std::string(path) + " HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
        return read(10'000'000);
    }

    /// Whether the server has said that this is the end, rather than just stopped.
    [[nodiscard]] bool was_told_the_end() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }

  private:
    Client socket_;
    SSL_CTX* context_;
    SSL* ssl_ = nullptr;
    bool connected_ = false;
};

class TlsTest : public ::testing::Test {
  protected:
    TlsTest() { std::signal(SIGPIPE, SIG_IGN); }

    ServerOptions options() {
        ServerOptions options = RunningServer::fast();
        options.tls = tls;
        return options;
    }

    Certificate certificate;
    std::shared_ptr<Tls> tls = std::make_shared<Tls>(certificate.files());
};

TEST_F(TlsTest, ServesInBothVersionsAndSaysTheEnd) {
    RunningServer server(options());
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsClient client(server.port(), {.version = version});
        ASSERT_TRUE(client.connected());
        EXPECT_EQ(client.version(), version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
        EXPECT_EQ(client.protocol(), "http/1.1");
        EXPECT_TRUE(client.ask("/hello").ends_with("\r\n\r\nhello"));
        EXPECT_TRUE(client.was_told_the_end());
    }
    EXPECT_TRUE(TlsClient(server.port()).ask("/who").ends_with("127.0.0.1 https"));
}

TEST_F(TlsTest, RefusesOldVersionsAndOtherProtocols) {
    RunningServer server(options());
    EXPECT_FALSE(TlsClient(server.port(), {.version = TLS1_1_VERSION}).connected());
    EXPECT_FALSE(TlsClient(server.port(), {.protocols = "\x02h2"}).connected());
    EXPECT_EQ(TlsClient(server.port(), {.protocols = "\x02h2\x08http/1.1"}).protocol(), "http/1.1");
    EXPECT_TRUE(TlsClient(server.port(), {.protocols = ""}).connected());
    Client plain(server.port());
    EXPECT_EQ(plain.ask("GET /hello HTTP/1.1\r\nHost: t\r\n\r\n").status, 0);
    EXPECT_EQ(server.routes.handled, 0);
}

TEST_F(TlsTest, CarriesLargeBodiesBothWaysAtOnce) {
    RunningServer server(options());
    TlsClient client(server.port());
    const std::string body(3'000'000, 'x');
    std::thread sender([&] {
        client.send("POST /count?limit=5000000 HTTP/1.1\r\nHost: t\r\nContent-Length: 3000000\r\n\r\n");
        client.send(body);
    });
    sender.join();
    EXPECT_TRUE(client.ask("/big?bytes=6000000").ends_with(std::string(6'000'000, 'b')));
    TlsClient streamed(server.port());
    EXPECT_TRUE(streamed.ask("/stream?bytes=100000&pieces=5").ends_with("p\r\n0\r\n\r\n"));
}

TEST_F(TlsTest, AnswersAPipelineByteByByte) {
    RunningServer server(options());
    TlsClient client(server.port());
    std::string requests = "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n";
    requests += requests;
    for (const char c : requests) ASSERT_TRUE(client.send({&c, 1}));
    const std::string answers = client.ask("/hello");
    EXPECT_EQ(server.routes.handled, 3);
    EXPECT_TRUE(answers.ends_with("hello"));
}

TEST_F(TlsTest, StalledHandshakesAndHeadersEndAtTheirDeadline) {
    ServerOptions quick = options();
    quick.timeouts.handshake = 200ms;
    quick.timeouts.header = 400ms;
    RunningServer server(quick);
    Client silent(server.port());
    Client half(server.port());
    half.send("\x16\x03\x01\x02");
    EXPECT_EQ(half.rest(), "");
    EXPECT_EQ(silent.rest(), "");
    TlsClient slow(server.port());
    slow.send("GET /hel");
    EXPECT_TRUE(slow.read(100'000).starts_with("HTTP/1.1 408"));
    EXPECT_GE(server.stats().expired, 3U);
}

TEST_F(TlsTest, ExchangesTheCertificateUnderOpenConnections) {
    RunningServer server(options());
    TlsClient old(server.port());
    EXPECT_EQ(old.serial(), 1);
    certificate.make(2);
    tls->reload();
    EXPECT_EQ(TlsClient(server.port()).serial(), 2);
    EXPECT_TRUE(old.ask("/hello").ends_with("hello"));
    std::ofstream(certificate.files().certificate) << "no certificate";
    EXPECT_THROW(tls->reload(), TlsError);
    EXPECT_EQ(TlsClient(server.port()).serial(), 2);
}

TEST_F(TlsTest, RefusesFilesThatDontBelongTogether) {
    const Certificate other;
    const Tls::Files mixed{certificate.files().certificate, other.files().key};
    EXPECT_THROW(Tls{mixed}, TlsError);
    try {
        Tls({"/nowhere/cert.pem", "/nowhere/key.pem"});
        FAIL() << "there is no such file";
    } catch (const TlsError& error) {
        EXPECT_TRUE(std::string(error.what()).contains("/nowhere/cert.pem")) << error.what();
    }
}

TEST_F(TlsTest, StopEndsWhatIsInTheHandshake) {
    RunningServer server(options());
    Client silent(server.port());
    while (server.stats().open_connections < 1) std::this_thread::sleep_for(1ms);
    server.stop(5s);
    EXPECT_EQ(silent.rest(), "");
    EXPECT_EQ(server.stats().open_connections, 0U);
}

}  // namespace
}  // namespace townhall::http::testing
