#include "platform/guard/password.hpp"

#include <algorithm>
#include <argon2.h>
#include <array>
#include <fmt/format.h>
#include <stdexcept>

#include "platform/guard/random.hpp"

namespace townhall::guard {

namespace {

// OWASP Password Storage Cheat Sheet: argon2id with m = 19 MiB, t = 2, p = 1.
constexpr std::uint32_t kMemoryKib = 19'456;
constexpr std::uint32_t kPasses = 2;
constexpr std::uint32_t kLanes = 1;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::string_view kPrefix = "$argon2id$v=19$m=19456,t=2,p=1$";

/// Nobody's hash: random salt, random hash, today's parameters.
constexpr const char* kNobody =
    "$argon2id$v=19$m=19456,t=2,p=1$2jFQ0kSgV0W1h0a4yHq0Xg$m0m8pY3o1kqB0Gf0o5r4wq3r1q3yq0yq4C0r1iE2uW4";

constexpr std::size_t kMinPasswordCharacters = 12;

// What is long enough and yet among the first guesses (heads of the public lists of leaked passwords, doubled or padded
// to twelve characters as people do). Compared without case.
constexpr std::array kCommon{
    std::string_view("123456789012"),     std::string_view("1234567890123"),
    std::string_view("12345678901234"),   std::string_view("123456789123"),
    std::string_view("123123123123"),     std::string_view("123456123456"),
    std::string_view("1q2w3e4r5t6y"),     std::string_view("1qaz2wsx3edc"),
    std::string_view("administrator"),    std::string_view("adminadminadmin"),
    std::string_view("changemechangeme"), std::string_view("changeme1234"),
    std::string_view("changeme12345"),    std::string_view("correcthorsebatterystaple"),
    std::string_view("iloveyouiloveyou"), std::string_view("letmeinletmein"),
    std::string_view("letmein12345"),     std::string_view("password1234"),
    std::string_view("password12345"),    std::string_view("password123456"),
    std::string_view("passwordpassword"), std::string_view("p@ssword1234"),
    std::string_view("p@ssw0rd1234"),     std::string_view("qazwsxedcrfv"),
    std::string_view("qwerty123456"),     std::string_view("qwertyqwerty"),
    std::string_view("qwertyuiop12"),     std::string_view("qwertyuiop123"),
    std::string_view("qwertyuiopasdf"),   std::string_view("secretsecret"),
    std::string_view("townhalltownhall"), std::string_view("unitedstates"),
    std::string_view("welcome12345"),     std::string_view("welcomewelcome"),
    std::string_view("zaq12wsxcde3"),
};

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(std::ranges::count_if(utf8, [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string hash_password(std::string_view password) {
    const auto salt = random_array<kSaltBytes>();
    std::array<char, 128> encoded{};
    const int failed = argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, password.data(), password.size(), salt.data(),
                                             salt.size(), kHashBytes, encoded.data(), encoded.size());
    if (failed) throw std::runtime_error(fmt::format("argon2: {}", argon2_error_message(failed)));
    return encoded.data();
}

bool verify_password(std::string_view password, const std::string& encoded) {
    if (password.size() > kMaxPasswordBytes) return false;
    const int outcome = argon2id_verify(encoded.c_str(), password.data(), password.size());
    if (outcome == ARGON2_MEMORY_ALLOCATION_ERROR) throw std::runtime_error("argon2: out of memory");
    return outcome == ARGON2_OK;
}

bool verify_nobody(std::string_view password) {
    static const std::string nobody = kNobody;
    (void)verify_password(password, nobody);
    return false;
}

bool outdated(std::string_view encoded) { return !encoded.starts_with(kPrefix); }

std::string_view password_fault(std::string_view password, std::string_view email) {
    if (characters(password) < kMinPasswordCharacters) return "Choose at least 12 characters.";
    if (password.size() > kMaxPasswordBytes) return "Choose at most 1,024 bytes.";
    const std::string folded = lower(password);
    if (folded == email || folded == email.substr(0, email.find('@'))) return "Do not use the e-mail address.";
    if (std::ranges::all_of(folded, [&](char c) { return c == folded.front(); })) return "Do not repeat one character.";
    if (std::ranges::find(kCommon, folded) != kCommon.end()) return "This is one of the most common passwords.";
    return {};
}

}  // namespace townhall::guard
