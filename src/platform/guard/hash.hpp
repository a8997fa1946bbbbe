#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace townhall::guard {

using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 in one call.
[[nodiscard]] Digest sha256(std::string_view bytes);

/// SHA-256 of what comes in pieces.
class Sha256 {
  public:
    Sha256();
    void add(std::string_view bytes);
    /// Of all that was added. Call once, last.
    [[nodiscard]] Digest digest();

  private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// Equal, in a time that depends on the lengths alone.
[[nodiscard]] bool same_bytes(std::string_view a, std::string_view b);

/// HMAC-SHA256 under one key. Keyed once: OpenSSL's HMAC() and EVP_MAC look the algorithm up and hash the padded key
/// for every message, which costs more than the message. Const members may be called from any thread.
class Hmac {
  public:
    explicit Hmac(std::string_view key);

    [[nodiscard]] Digest operator()(std::string_view message) const;

  private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const;
    };
    std::unique_ptr<evp_md_ctx_st, Free> inner_;
    std::unique_ptr<evp_md_ctx_st, Free> outer_;
};

/// Unpadded base64url (RFC 4648 section 5).
[[nodiscard]] std::string base64url(std::string_view bytes);
[[nodiscard]] std::string base64url(std::span<const std::uint8_t> bytes);

/// Strict: padding, other alphabets, and stray bits in the last character (a second spelling of the same bytes) are
/// refused.
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);

}  // namespace townhall::guard
