// Any bytes as a token, and as header and claims of tokens that are rightly signed: nothing gets in that we would not
// have issued, and what gets in says what it said. The first byte chooses, the rest is the input. jansson is the
// independent judge of what the claims say.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <jansson.h>
#include <memory>
#include <string>
#include <string_view>

#include "platform/guard/authenticator.hpp"
#include "platform/guard/tokens.hpp"

namespace {

using namespace townhall::guard;

constexpr std::int64_t kNow = 1'800'000'000;
const Clock::time_point kTime{std::chrono::seconds(kNow)};
const std::string kKey = "0123456789abcdef0123456789abcdef";

void require(bool condition) {
    if (!condition) std::abort();
}

const AccessTokens& tokens() {
    static const AccessTokens made({.keys = {kKey, "fedcba9876543210fedcba9876543210"}});
    return made;
}

const std::string& issued() {
    static const std::string token =
        tokens().issue(42, *uuid_from("01890a5d-ac96-774b-bcce-b302099a8057"), kTime).token;
    return token;
}

/// Ours, as text.
std::string_view header() {
    static const std::string text = *from_base64url(std::string_view(issued()).substr(0, issued().find('.')));
    return text;
}

std::string sign(std::string_view head, std::string_view claims) {
    const std::string text = base64url(head) + "." + base64url(claims);
    return text + "." + base64url(Hmac(kKey)(text));
}

std::string_view text_in(json_t* claims, const char* name) {
    json_t* value = json_object_get(claims, name);
    return value && json_is_string(value) ? std::string_view(json_string_value(value), json_string_length(value))
                                          : std::string_view();
}

/// What was accepted is what somebody else's parser reads there too.
void check_claims(const Claims& accepted, std::string_view sent) {
    require(accepted.user_id > 0 && accepted.expires_at > kNow);
    struct Free {
        void operator()(json_t* value) const { json_decref(value); }
    };
    const std::unique_ptr<json_t, Free> claims(json_loadb(sent.data(), sent.size(), JSON_ALLOW_NUL, nullptr));
    if (!claims) return;  // numbers out of bounds, which neither side looks at
    require(json_is_object(claims.get()));
    require(text_in(claims.get(), "iss") == "townhall" && text_in(claims.get(), "aud") == "townhall-api");
    require(text_in(claims.get(), "sub") == std::to_string(accepted.user_id) ||
            text_in(claims.get(), "sub").starts_with('0'));
    require(uuid_from(text_in(claims.get(), "sid")) == accepted.session);
    json_t* expiry = json_object_get(claims.get(), "exp");
    json_t* issue = json_object_get(claims.get(), "iat");
    require(expiry && json_is_integer(expiry) && issue && json_is_integer(issue));
    // No longer than a token of ours lives, whatever it says.
    const std::int64_t longest = json_integer_value(issue) + tokens().lifetime().count();
    require(accepted.expires_at == std::min<std::int64_t>(json_integer_value(expiry), longest));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 5) {
        case 0:  // the token
            require(input == issued() || !tokens().verify(input, kTime));
            break;
        case 1:  // its claims
            if (const auto claims = tokens().verify(sign(header(), input), kTime)) check_claims(*claims, input);
            break;
        case 2: {  // its header
            const std::string_view claims = std::string_view(issued()).substr(issued().find('.') + 1);
            const auto payload = from_base64url(claims.substr(0, claims.find('.')));
            require(input == header() || !tokens().verify(sign(input, *payload), kTime));
            break;
        }
        case 3: {  // a piece of a good one, exchanged
            std::string token = issued();
            token.replace(data[1] % token.size(), 1, input.substr(1));
            require(token == issued() || !tokens().verify(token, kTime));
            break;
        }
        case 4:  // the header field around it
            if (const auto token = bearer_token(input)) require(input.ends_with(*token));
            break;
    }
    return 0;
}
