#include "platform/http/tls.hpp"

#include <array>
#include <fmt/format.h>
#include <new>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace townhall::http {
namespace {

// Forward secrecy and authenticated encryption only; those of TLS 1.3 all are.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

[[noreturn]] void fail(std::string_view what, const std::filesystem::path& file) {
    std::array<char, 256> reason{};
    const unsigned long code = ERR_get_error();
    ERR_error_string_n(code, reason.data(), reason.size());
    throw TlsError(fmt::format("{} {}: {}", what, file.string(), code == 0 ? "unknown" : reason.data()));
}

// RFC 7301: a client that offers protocols, but not ours, would misunderstand whatever we say.
int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                    unsigned int offered_length, void* /*context*/) {
    static constexpr std::array<unsigned char, 9> kOurs = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char* found = nullptr;
    const int outcome = SSL_select_next_proto(&found, length, kOurs.data(), kOurs.size(), offered, offered_length);
    if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

int no_passphrase(char* /*into*/, int /*room*/, int /*writing*/, void* /*context*/) { return -1; }

}  // namespace

void TlsSession::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }
void Tls::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

TlsSession::Step TlsSession::step_of(int result, std::size_t bytes) {
    if (result == 1) return {Outcome::done, bytes};
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return {Outcome::wants_read};
        case SSL_ERROR_WANT_WRITE:
            return {Outcome::wants_write};
        case SSL_ERROR_ZERO_RETURN:
            return {Outcome::ended};
        default:
            failed_ = true;
            return {Outcome::failed};
    }
}

TlsSession::Step TlsSession::shake_hands() {
    ERR_clear_error();
    return step_of(SSL_accept(ssl_.get()), 0);
}

TlsSession::Step TlsSession::read(std::span<char> into) {
    ERR_clear_error();
    std::size_t bytes = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &bytes);
    return step_of(result, bytes);
}

TlsSession::Step TlsSession::write(std::string_view bytes) {
    ERR_clear_error();
    std::size_t written = 0;
    const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
    return step_of(result, written);
}

void TlsSession::finish() {
    const bool done = (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0;
    if (done || failed_ || SSL_is_init_finished(ssl_.get()) == 0) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
}

bool TlsSession::holds_bytes() const { return SSL_has_pending(ssl_.get()) == 1; }

Tls::Tls(Files files) : files_(std::move(files)), context_(load(files_)) {}

Tls::Context Tls::load(const Files& files) {
    ERR_clear_error();
    Context context(SSL_CTX_new(TLS_server_method()));
    if (!context) throw std::bad_alloc();
    SSL_CTX* raw = context.get();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(raw, kCiphers);
    SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                 SSL_OP_PRIORITIZE_CHACHA | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(raw,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // tickets resume sessions, and need no lock
    SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
    SSL_CTX_set_default_passwd_cb(raw, no_passphrase);  // the default one would ask the terminal
    if (SSL_CTX_use_certificate_chain_file(raw, files.certificate.c_str()) != 1) {
        fail("no certificate can be read from", files.certificate);
    }
    if (SSL_CTX_use_PrivateKey_file(raw, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
        fail("no key of this certificate can be read from", files.key);
    }
    if (SSL_CTX_check_private_key(raw) != 1) fail("the certificate's key is another than that in", files.key);
    return context;
}

void Tls::reload() {
    Context fresh = load(files_);
    const std::scoped_lock lock(mutex_);
    context_.swap(fresh);
}

TlsSession Tls::session(int socket) const {
    const std::scoped_lock lock(mutex_);
    TlsSession session(SSL_new(context_.get()));
    if (!session || SSL_set_fd(session.ssl_.get(), socket) != 1) throw std::bad_alloc();
    return session;
}

}  // namespace townhall::http
