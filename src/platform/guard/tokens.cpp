#include "platform/guard/tokens.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <stdexcept>

#include "platform/guard/random.hpp"

namespace townhall::guard {

namespace {

constexpr std::size_t kSignatureText = 43;  // base64url of 32 bytes
constexpr std::int64_t kFastestClock = 60;  // seconds by which another process's clock may be ahead of ours

std::int64_t unix_seconds(Clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string_view text_of(const Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

std::string kid_of(std::string_view key) {
    return base64url(text_of(sha256(std::string("townhall kid:").append(key))).substr(0, 8));
}

/// Tokens that this thread verified: a client sends the same one for an hour. One slot per hash, the newest stays. Only
/// tokens with a right signature get in, so nobody can push others out without being a user.
class Verified {
  public:
    [[nodiscard]] const Claims* find(std::string_view token, std::uint64_t generation) const {
        const Slot& slot = slots_[place(token)];
        return slot.generation == generation && same_bytes(slot.token, token) ? &slot.claims : nullptr;
    }

    void keep(std::string_view token, std::uint64_t generation, const Claims& claims) {
        if (token.size() > 1024) return;  // ours are about 350 bytes
        Slot& slot = slots_[place(token)];
        slot.token.assign(token);
        slot.claims = claims;
        slot.generation = generation;
    }

  private:
    struct Slot {
        std::string token;
        Claims claims;
        std::uint64_t generation = 0;
    };
    /// The signature's tail spreads well enough and costs nothing to hash.
    [[nodiscard]] static std::size_t place(std::string_view token) {
        return std::hash<std::string_view>{}(token.substr(token.size() - std::min<std::size_t>(token.size(), 12))) %
               kSlots;
    }
    static constexpr std::size_t kSlots = 512;
    std::array<Slot, kSlots> slots_;
};

Verified& verified() {
    thread_local const auto cache = std::make_unique<Verified>();
    return *cache;
}

std::optional<std::int64_t> positive(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number <= 0) return std::nullopt;
    return number;
}

std::string_view string_in(const boost::json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    const auto* text = value ? value->if_string() : nullptr;
    return text ? std::string_view(*text) : std::string_view();
}

std::optional<std::int64_t> seconds_in(const boost::json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    const auto* number = value ? value->if_int64() : nullptr;
    return number ? std::optional(*number) : std::nullopt;
}

std::uint64_t next_generation() {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

AccessTokens::AccessTokens(const TokenSettings& settings)
    : issuer_(settings.issuer),
      audience_(settings.audience),
      lifetime_(settings.lifetime),
      generation_(next_generation()) {
    if (settings.keys.empty()) throw std::invalid_argument("access tokens need a key");
    for (const std::string& key : settings.keys) {
        const std::string header = fmt::format(R"({{"alg":"HS256","typ":"at+jwt","kid":"{}"}})", kid_of(key));
        keys_.push_back({Hmac(key), base64url(header) + "."});
    }
}

IssuedToken AccessTokens::issue(std::int64_t user_id, const Uuid& session, Clock::time_point now) const {
    // issuer_ and audience_ come from the configuration and hold nothing that JSON escapes.
    const std::int64_t at = unix_seconds(now);
    const std::string claims =
        fmt::format(R"({{"iss":"{}","aud":"{}","sub":"{}","sid":"{}","iat":{},"exp":{},"jti":"{}"}})", issuer_,
                    audience_, user_id, to_string(session), at, at + lifetime_.count(), base64url(random_array<12>()));
    std::string token = keys_.front().header + base64url(claims);
    const Digest signature = keys_.front().hmac(token);
    token += '.';
    token += base64url(signature);
    return {std::move(token), lifetime_};
}

std::expected<Claims, TokenFault> AccessTokens::verify(std::string_view token, Clock::time_point now) const {
    if (token.size() > kMaxTokenBytes) return std::unexpected(TokenFault::malformed);
    const std::int64_t at = unix_seconds(now);
    if (const Claims* known = verified().find(token, generation_)) {
        if (known->expires_at <= at) return std::unexpected(TokenFault::expired);
        return *known;
    }
    const auto claims = verify_signed(token, at);
    if (!claims) return claims;
    if (claims->expires_at <= at) return std::unexpected(TokenFault::expired);
    verified().keep(token, generation_, *claims);
    return claims;
}

std::expected<Claims, TokenFault> AccessTokens::verify_signed(std::string_view token, std::int64_t at) const {
    for (const Key& key : keys_) {
        if (!token.starts_with(key.header)) continue;
        const std::size_t dot = token.size() - std::min(token.size(), kSignatureText + 1);
        if (dot < key.header.size() || token[dot] != '.') return std::unexpected(TokenFault::malformed);
        const auto signature = from_base64url(token.substr(dot + 1));
        const Digest expected = key.hmac(token.substr(0, dot));
        if (!signature || !same_bytes(*signature, text_of(expected))) return std::unexpected(TokenFault::bad_signature);
        return read_claims(token.substr(key.header.size(), dot - key.header.size()), at);
    }
    return std::unexpected(TokenFault::malformed);
}

std::expected<Claims, TokenFault> AccessTokens::read_claims(std::string_view payload, std::int64_t at) const {
    const auto bytes = from_base64url(payload);
    if (!bytes) return std::unexpected(TokenFault::malformed);
    std::array<unsigned char, 4096> memory;
    boost::json::monotonic_resource resource(memory.data(), memory.size());
    boost::json::error_code code;
    const boost::json::value document = boost::json::parse(*bytes, code, &resource);
    const auto* object = code ? nullptr : document.if_object();
    if (!object) return std::unexpected(TokenFault::malformed);

    const auto expiry = seconds_in(*object, "exp");
    const auto issued = seconds_in(*object, "iat");
    const auto user = positive(string_in(*object, "sub"));
    const auto session = uuid_from(string_in(*object, "sid"));
    if (string_in(*object, "iss") != issuer_ || string_in(*object, "aud") != audience_ || !user || !session ||
        !expiry || !issued || *issued > at + kFastestClock)
        return std::unexpected(TokenFault::wrong_claims);
    // Ended sessions are remembered for the lifetime of tokens that holds now: one issued under a longer one must not
    // outlive that memory.
    return Claims{*user, *session, std::min(*expiry, *issued + lifetime_.count())};
}

OpaqueToken new_opaque_token() {
    std::string text = base64url(random_array<32>());
    const Digest hash = opaque_hash(text);
    return {std::move(text), hash};
}

}  // namespace townhall::guard
