#include "platform/guard/seal.hpp"

#include <memory>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdexcept>

#include "platform/guard/random.hpp"

namespace townhall::guard {

namespace {

constexpr std::size_t kNonce = 12;
constexpr std::size_t kTag = 16;
constexpr std::size_t kMac = 16;

struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

void must(int ok) {
    if (ok != 1) throw std::runtime_error("OpenSSL refused an AES-GCM operation");
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string_view text_of(const Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

}  // namespace

std::string SealKey::seal(std::string_view plain, std::string_view context) const {
    std::string sealed(kNonce + plain.size() + kTag, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(sealed.data());
    random_bytes(std::span(out, kNonce));
    const Cipher cipher(EVP_CIPHER_CTX_new());
    int length = 0;
    must(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), out));
    must(EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes_of(context), static_cast<int>(context.size())));
    must(EVP_EncryptUpdate(cipher.get(), out + kNonce, &length, bytes_of(plain), static_cast<int>(plain.size())));
    must(EVP_EncryptFinal_ex(cipher.get(), out + kNonce + length, &length));
    must(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTag, out + kNonce + plain.size()));
    return sealed;
}

std::optional<std::string> SealKey::open(std::string_view sealed, std::string_view context) const {
    if (sealed.size() < kNonce + kTag) return std::nullopt;
    const std::string_view body = sealed.substr(kNonce, sealed.size() - kNonce - kTag);
    std::string tag(sealed.substr(kNonce + body.size()));
    std::string plain(body.size(), '\0');
    auto* const out = reinterpret_cast<unsigned char*>(plain.data());
    const Cipher cipher(EVP_CIPHER_CTX_new());
    int length = 0;
    must(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes_of(sealed)));
    must(EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes_of(context), static_cast<int>(context.size())));
    must(EVP_DecryptUpdate(cipher.get(), out, &length, bytes_of(body), static_cast<int>(body.size())));
    must(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTag, tag.data()));
    if (EVP_DecryptFinal_ex(cipher.get(), out + length, &length) != 1) return std::nullopt;
    return plain;
}

SignKey::SignKey(const Digest& key) : hmac_(text_of(key)) {}

std::string SignKey::sign(std::string_view payload) const {
    const Digest digest = mac(payload);
    std::string bytes(payload);
    bytes.append(text_of(digest).substr(0, kMac));
    return base64url(bytes);
}

std::optional<std::string> SignKey::verify(std::string_view text) const {
    auto bytes = from_base64url(text);
    if (!bytes || bytes->size() < kMac) return std::nullopt;
    const std::string_view payload = std::string_view(*bytes).substr(0, bytes->size() - kMac);
    const Digest digest = mac(payload);
    if (!same_bytes(text_of(digest).substr(0, kMac), std::string_view(*bytes).substr(payload.size())))
        return std::nullopt;
    bytes->resize(payload.size());
    return bytes;
}

Secret::Secret(std::string_view secret_key) : root_(sha256(secret_key)) {}

SealKey Secret::seal_key(std::string_view purpose) const { return SealKey(derive("seal", purpose)); }

SignKey Secret::sign_key(std::string_view purpose) const { return SignKey(derive("sign", purpose)); }

Digest Secret::derive(std::string_view kind, std::string_view purpose) const {
    struct Free {
        void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
    };
    const std::unique_ptr<EVP_PKEY_CTX, Free> context(EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr));
    const std::string info = std::string("townhall ").append(kind).append(":").append(purpose);
    Digest key;
    std::size_t length = key.size();
    must(EVP_PKEY_derive_init(context.get()));
    must(EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()));
    must(EVP_PKEY_CTX_set1_hkdf_key(context.get(), root_.data(), static_cast<int>(root_.size())));
    must(EVP_PKEY_CTX_add1_hkdf_info(context.get(), bytes_of(info), static_cast<int>(info.size())));
    must(EVP_PKEY_derive(context.get(), key.data(), &length));
    return key;
}

}  // namespace townhall::guard
