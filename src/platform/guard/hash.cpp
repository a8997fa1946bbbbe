#include "platform/guard/hash.hpp"

#include <cstddef>
#include <new>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdexcept>

namespace townhall::guard {

namespace {

constexpr std::size_t kBlock = 64;  // of SHA-256
constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> kValues = [] {
    std::array<std::int8_t, 256> values;
    values.fill(-1);
    for (int i = 0; i < 64; ++i) values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
    return values;
}();

void must(int ok) {
    if (ok != 1) throw std::runtime_error("OpenSSL refused a SHA-256 operation");
}

EVP_MD_CTX* new_context() {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    if (!context) throw std::bad_alloc();
    return context;
}

/// One working context a thread, so that hashing allocates nothing.
EVP_MD_CTX* scratch() {
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    thread_local const std::unique_ptr<EVP_MD_CTX, Free> context(new_context());
    return context.get();
}

/// Fetching looks the algorithm up under a lock: once is enough.
const EVP_MD* sha256_algorithm() {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return algorithm;
}

}  // namespace

Digest sha256(std::string_view bytes) {
    Digest digest;
    EVP_MD_CTX* context = scratch();
    must(EVP_DigestInit_ex2(context, sha256_algorithm(), nullptr));
    must(EVP_DigestUpdate(context, bytes.data(), bytes.size()));
    must(EVP_DigestFinal_ex(context, digest.data(), nullptr));
    return digest;
}

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(new_context()) { must(EVP_DigestInit_ex2(context_.get(), sha256_algorithm(), nullptr)); }

void Sha256::add(std::string_view bytes) { must(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size())); }

Digest Sha256::digest() {
    Digest digest;
    must(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr));
    return digest;
}

bool same_bytes(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void Hmac::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Hmac::Hmac(std::string_view key) : inner_(new_context()), outer_(new_context()) {
    std::array<std::uint8_t, kBlock> block{};  // RFC 2104: a long key is hashed, a short one padded with zeros
    if (key.size() > kBlock) {
        const Digest digest = sha256(key);
        std::ranges::copy(digest, block.begin());
    } else {
        std::ranges::copy(key, block.begin());
    }
    const auto start = [&block](EVP_MD_CTX* context, std::uint8_t pad) {
        std::array<std::uint8_t, kBlock> padded;
        for (std::size_t i = 0; i < kBlock; ++i) padded[i] = block[i] ^ pad;
        must(EVP_DigestInit_ex2(context, sha256_algorithm(), nullptr));
        must(EVP_DigestUpdate(context, padded.data(), padded.size()));
        OPENSSL_cleanse(padded.data(), padded.size());
    };
    start(inner_.get(), 0x36);
    start(outer_.get(), 0x5c);
    OPENSSL_cleanse(block.data(), block.size());
}

Digest Hmac::operator()(std::string_view message) const {
    Digest digest;
    EVP_MD_CTX* context = scratch();
    must(EVP_MD_CTX_copy_ex(context, inner_.get()));
    must(EVP_DigestUpdate(context, message.data(), message.size()));
    must(EVP_DigestFinal_ex(context, digest.data(), nullptr));
    must(EVP_MD_CTX_copy_ex(context, outer_.get()));
    must(EVP_DigestUpdate(context, digest.data(), digest.size()));
    must(EVP_DigestFinal_ex(context, digest.data(), nullptr));
    return digest;
}

std::string base64url(std::span<const std::uint8_t> bytes) {
    std::string text;
    text.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    int held = 0;
    for (const std::uint8_t byte : bytes) {
        bits = bits << 8 | byte;
        for (held += 8; held >= 6;) text += kAlphabet[bits >> (held -= 6) & 0x3F];
    }
    if (held > 0) text += kAlphabet[bits << (6 - held) & 0x3F];
    return text;
}

std::string base64url(std::string_view bytes) {
    return base64url(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

std::optional<std::string> from_base64url(std::string_view text) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
        const std::int8_t value = kValues[static_cast<unsigned char>(c)];
        if (value < 0) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        if ((held += 6) >= 8) bytes += static_cast<char>(bits >> (held -= 8));
    }
    if ((bits & ((1u << held) - 1)) != 0) return std::nullopt;
    return bytes;
}

}  // namespace townhall::guard
