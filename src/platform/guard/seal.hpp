#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/guard/hash.hpp"

namespace townhall::guard {

/// Encrypts with AES-256-GCM under a key of its own. Immutable, usable from every thread.
class SealKey {
  public:
    /// Nonce (96 random bits), ciphertext and tag. `context` is authenticated but not kept: the same must be given to
    /// `open`, so a sealed value can't be moved to another row.
    [[nodiscard]] std::string seal(std::string_view plain, std::string_view context = {}) const;

    /// Nothing when the bytes were not sealed by this key with this context.
    [[nodiscard]] std::optional<std::string> open(std::string_view sealed, std::string_view context = {}) const;

  private:
    friend class Secret;
    explicit SealKey(const Digest& key) : key_(key) {}
    Digest key_;
};

/// Signs what clients carry for us (cursors, links): readable, not forgeable. Immutable, usable from every thread.
class SignKey {
  public:
    [[nodiscard]] Digest mac(std::string_view message) const { return hmac_(message); }

    /// base64url of the payload and 128 bits of its HMAC-SHA256.
    [[nodiscard]] std::string sign(std::string_view payload) const;

    /// The payload, or nothing when this key did not sign it.
    [[nodiscard]] std::optional<std::string> verify(std::string_view text) const;

  private:
    friend class Secret;
    explicit SignKey(const Digest& key);
    Hmac hmac_;
};

/// SECRET_KEY. Every use derives a key of its own by HKDF-SHA256 from the purpose's name ("cursor", "idempotency", …),
/// so that what is made for one purpose is worthless for another. Derive once and keep the key.
class Secret {
  public:
    explicit Secret(std::string_view secret_key);

    [[nodiscard]] SealKey seal_key(std::string_view purpose) const;
    [[nodiscard]] SignKey sign_key(std::string_view purpose) const;

  private:
    [[nodiscard]] Digest derive(std::string_view kind, std::string_view purpose) const;
    Digest root_;
};

}  // namespace townhall::guard
