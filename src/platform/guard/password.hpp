#pragma once

#include <string>
#include <string_view>

/// Passwords as argon2id, with the parameters OWASP recommends. These functions take tens of milliseconds and 19 MiB
/// each: never call them on an I/O thread.
namespace townhall::guard {

/// No argon2 run may be fed more than this; longer passwords are refused by policy before they get here.
inline constexpr std::size_t kMaxPasswordBytes = 1024;

/// The encoded form `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. Throws std::runtime_error when memory is short.
[[nodiscard]] std::string hash_password(std::string_view password);

/// Whether `password` is the one behind `encoded`. False for a malformed or foreign encoding.
[[nodiscard]] bool verify_password(std::string_view password, const std::string& encoded);

/// Costs what `verify_password` costs and is always false: for addresses that nobody has, so that time tells nothing.
bool verify_nobody(std::string_view password);

/// Whether `encoded` was made with other parameters than today's, and should be made anew at the next login.
[[nodiscard]] bool outdated(std::string_view encoded);

/// Why a password may not be chosen; empty when it may. Follows NIST SP 800-63B: length and a blocklist, no composition
/// rules. `email` is folded; the address and the part before its @ are refused as passwords.
[[nodiscard]] std::string_view password_fault(std::string_view password, std::string_view email);

}  // namespace townhall::guard
