#include "platform/guard/tokens.hpp"

#include <algorithm>
#include <chrono>
#include <cjose/cjose.h>
#include <gtest/gtest.h>

namespace townhall::guard {
namespace {

using std::chrono::seconds;

const std::string kKey = "0123456789abcdef0123456789abcdef";
const Clock::time_point kNow{seconds(1'800'000'000)};
const Uuid kSession = *uuid_from("01890a5d-ac96-774b-bcce-b302099a8057");

TokenSettings settings(std::vector<std::string> keys = {kKey}) {
    return {.keys = std::move(keys), .issuer = "townhall", .audience = "townhall-api", .lifetime = seconds(600)};
}

std::string header_of(const std::string& token) { return *from_base64url(token.substr(0, token.find('.'))); }

std::string claims_of(const std::string& token) {
    const std::size_t first = token.find('.') + 1;
    return *from_base64url(token.substr(first, token.rfind('.') - first));
}

/// A token with any header and claims, rightly signed with `key`.
std::string forge(std::string_view header, std::string_view claims, std::string_view key = kKey) {
    const std::string text = base64url(header) + "." + base64url(claims);
    return text + "." + base64url(Hmac(key)(text));
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from << " is not in " << text;
    return text.replace(at, from.size(), to);
}

struct Tokens : testing::Test {
    AccessTokens tokens{settings()};
    std::string token = tokens.issue(42, kSession, kNow).token;
    std::string header = header_of(token);
    std::string claims = claims_of(token);

    void refused(const std::string& forged) {
        EXPECT_FALSE(tokens.verify(forged, kNow)) << forged.substr(0, 200);
        EXPECT_FALSE(tokens.verify(forged, kNow)) << "on second sight: " << forged.substr(0, 200);
    }
};

TEST_F(Tokens, CarryUserAndSession) {
    const auto read = tokens.verify(token, kNow);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->user_id, 42);
    EXPECT_EQ(read->session, kSession);
    EXPECT_EQ(read->expires_at, 1'800'000'600);
    EXPECT_EQ(header, replaced(header, "at+jwt", "at+jwt"));
    EXPECT_TRUE(tokens.verify(forge(header, claims), kNow)) << "the forger of these tests must be able to sign";
}

/// What somebody else's library says of a signature.
bool cjose_accepts(const std::string& token, const std::string& key) {
    cjose_err error;
    auto* jwk = cjose_jwk_create_oct_spec(reinterpret_cast<const std::uint8_t*>(key.data()), key.size(), &error);
    auto* jws = cjose_jws_import(token.data(), token.size(), &error);
    const bool accepted = jws && cjose_jws_verify(jws, jwk, &error);
    cjose_jws_release(jws);
    cjose_jwk_release(jwk);
    return accepted;
}

TEST_F(Tokens, AreReadBySomebodyElsesLibrary) {
    EXPECT_TRUE(cjose_accepts(token, kKey));
    EXPECT_FALSE(cjose_accepts(token, std::string(32, 'x')));
    const std::string next = "fedcba9876543210fedcba9876543210";
    const std::string rotated = AccessTokens(settings({next, kKey})).issue(42, kSession, kNow).token;
    EXPECT_TRUE(cjose_accepts(rotated, next));
    EXPECT_FALSE(cjose_accepts(rotated, kKey)) << "the first key signs";
}

TEST_F(Tokens, AreRefusedWhereverSomebodyElsesLibraryRefuses) {
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string changed = token;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        if (changed != token && !cjose_accepts(changed, kKey)) {
            ASSERT_FALSE(tokens.verify(changed, kNow)) << i;
        }
    }
}

TEST_F(Tokens, EndWithTheirTimeAlsoWhenRemembered) {
    EXPECT_TRUE(tokens.verify(token, kNow + seconds(599)));
    EXPECT_EQ(tokens.verify(token, kNow + seconds(600)).error(), TokenFault::expired);
    const AccessTokens others(settings());
    EXPECT_EQ(others.verify(token, kNow + seconds(600)).error(), TokenFault::expired);
}

TEST_F(Tokens, EndSoonerOnceTheLifetimeIsShorter) {
    TokenSettings shorter = settings();
    shorter.lifetime = seconds(60);
    const AccessTokens restarted(shorter);
    EXPECT_TRUE(restarted.verify(token, kNow + seconds(59)));
    EXPECT_EQ(restarted.verify(token, kNow + seconds(60)).error(), TokenFault::expired);
    EXPECT_EQ(AccessTokens(shorter).verify(token, kNow + seconds(60)).error(), TokenFault::expired);
    TokenSettings longer = settings();
    longer.lifetime = seconds(6000);
    EXPECT_EQ(AccessTokens(longer).verify(token, kNow + seconds(600)).error(), TokenFault::expired);
}

TEST_F(Tokens, RefuseATimeOfIssueThatCannotBe) {
    const std::string iat = R"("iat":1800000000)";
    refused(forge(header, replaced(claims, iat + ",", "")));
    refused(forge(header, replaced(claims, iat, R"("iat":"1800000000")")));
    refused(forge(header, replaced(claims, iat, R"("iat":1800000061)")));
    refused(forge(header, replaced(claims, iat, R"("iat":9223372036854775807)")));
    refused(forge(header, replaced(claims, iat, R"("iat":-9223372036854775808)")));
    EXPECT_TRUE(tokens.verify(forge(header, replaced(claims, iat, R"("iat":1800000060)")), kNow))
        << "the clock of another process may be a little ahead";
}

TEST_F(Tokens, RefuseAnotherAlgorithm) {
    for (const char* alg : {"none", "None", "NONE", "nOnE", "HS384", "HS512", "RS256", "ES256", "EdDSA", "hs256", ""}) {
        const std::string forged = replaced(header, "HS256", alg);
        refused(forge(forged, claims));
        refused(base64url(forged) + "." + base64url(claims) + ".");
        refused(base64url(forged) + "." + base64url(claims));
    }
}

TEST_F(Tokens, RefuseAnotherType) {
    for (const char* typ : {"JWT", "jwt", "rt+jwt", "dpop+jwt", "application/at+jwt", "AT+JWT"})
        refused(forge(replaced(header, "at+jwt", typ), claims));
    refused(forge(replaced(header, R"("typ":"at+jwt",)", ""), claims));
}

TEST_F(Tokens, RefuseHeadersThatBringKeysOrDemands) {
    for (const char* extra :
         {R"("crit":["b64"],"b64":false)", R"("crit":[])", R"("jku":"https://evil.example/keys")",
          R"("jwk":{"kty":"oct","k":"AAAA"})", R"("x5u":"https://evil.example/cert")", R"("x5c":["AAAA"])",
          R"("kid":"../../dev/null")", R"("kid":"' or 1=1 --")", R"("zip":"DEF")", R"("cty":"JWT")"})
        refused(forge(replaced(header, "{", std::string("{") + extra + ","), claims));
    refused(forge(R"({"alg":"HS256","typ":"at+jwt","kid":"/dev/null"})", claims, ""));
}

TEST_F(Tokens, RefuseWrongClaims) {
    refused(forge(header, replaced(claims, R"("iss":"townhall")", R"("iss":"elsewhere")")));
    refused(forge(header, replaced(claims, R"("iss":"townhall",)", "")));
    refused(forge(header, replaced(claims, R"("aud":"townhall-api")", R"("aud":"other")")));
    refused(forge(header, replaced(claims, R"("aud":"townhall-api")", R"("aud":["townhall-api","other"])")));
    refused(forge(header, replaced(claims, R"("exp":1800000600,)", "")));
    refused(forge(header, replaced(claims, R"("exp":1800000600)", R"("exp":"1800000600")")));
    refused(forge(header, replaced(claims, R"("exp":1800000600)", R"("exp":1e300)")));
    refused(forge(header, replaced(claims, R"("exp":1800000600)", R"("exp":18446744073709551615)")));
    refused(forge(header, replaced(claims, R"("exp":1800000600)", R"("exp":null)")));
    refused(forge(header, replaced(claims, R"("sub":"42")", R"("sub":"-1")")));
    refused(forge(header, replaced(claims, R"("sub":"42")", R"("sub":"42x")")));
    refused(forge(header, replaced(claims, R"("sub":"42")", R"("sub":42)")));
    refused(forge(header, replaced(claims, "01890a5d", "x1890a5d")));
    refused(forge(header, "[]"));
    refused(forge(header, "not json"));
    refused(forge(header, std::string(4000, '[')));
}

TEST_F(Tokens, RefuseEveryChangedByte) {
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string changed = token;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        refused(changed);
        refused(token.substr(0, i));
    }
    refused(token + "A");
    refused(token + "=");
    refused(token + ".");
    refused("");
    refused(std::string(kMaxTokenBytes, '.'));
}

TEST_F(Tokens, RefuseTheSecondSpellingOfASignature) {
    // The last of 43 characters carries four bits of signature and two that must be zero.
    const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string twin = token;
    twin.back() = alphabet[alphabet.find(twin.back()) + 1];
    refused(twin);
}

TEST_F(Tokens, RefuseAMegabyteWithoutReadingIt) {
    const std::string huge = token + std::string(1 << 20, 'A');
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 10'000; ++i) ASSERT_FALSE(tokens.verify(huge, kNow));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST_F(Tokens, RotateKeys) {
    const std::string next = "fedcba9876543210fedcba9876543210";
    const AccessTokens rotated(settings({next, kKey}));
    EXPECT_TRUE(rotated.verify(token, kNow)) << "what the old key signed stays good";
    const std::string fresh = rotated.issue(7, kSession, kNow).token;
    EXPECT_TRUE(rotated.verify(fresh, kNow));
    EXPECT_FALSE(tokens.verify(fresh, kNow));
    EXPECT_TRUE(tokens.verify(token, kNow));
    const AccessTokens without_old(settings({next}));
    EXPECT_FALSE(without_old.verify(token, kNow)) << "a token remembered under the old key must be forgotten";
    EXPECT_TRUE(without_old.verify(fresh, kNow));
    EXPECT_FALSE(rotated.verify(forge(header, claims, next), kNow)) << "the kid chooses the key";
}

TEST_F(Tokens, AreRememberedWithoutMixingUp) {
    std::vector<std::string> many;
    for (int user = 1; user <= 3000; ++user) many.push_back(tokens.issue(user, uuid_v7(), kNow).token);
    for (int round = 0; round < 2; ++round)
        for (int user = 1; user <= 3000; ++user) ASSERT_EQ(tokens.verify(many[user - 1], kNow)->user_id, user);
}

TEST(OpaqueTokens, AreLongAndFoundByTheirHash) {
    const OpaqueToken token = new_opaque_token();
    EXPECT_EQ(token.text.size(), 43u);
    EXPECT_EQ(opaque_hash(token.text), token.hash);
    EXPECT_NE(new_opaque_token().text, token.text);
}

/// The least time that refusing this token took in many tries: whatever else the machine does only adds to it.
double cost_of(const AccessTokens& tokens, const std::string& token) {
    auto least = std::chrono::steady_clock::duration::max();
    for (int round = 0; round < 200; ++round) {
        const auto from = std::chrono::steady_clock::now();
        for (int i = 0; i < 20; ++i) EXPECT_FALSE(tokens.verify(token, kNow));
        least = std::min(least, std::chrono::steady_clock::now() - from);
    }
    return std::chrono::duration<double>(least).count();
}

TEST_F(Tokens, NoTrickCostsMoreThanASignatureOverAsManyBytes) {
    const std::string deep(5'000, '[');
    for (const std::string& trick : {
             forge(replaced(header, "HS256", "none"), claims),
             forge(replaced(header, "at+jwt", "JWT"), claims),
             forge(header, claims, "another key of thirty-two bytes!"),
             forge(replaced(header, "HS256", "RS256"), claims),
             forge(replaced(header, "{", R"({"kid":"unknown",)"), claims),
             forge(replaced(header, "{", R"({"crit":["exp"],)"), claims),
             forge(replaced(header, "{", R"({"jwk":{"kty":"oct","k":"AAAA"},)"), claims),
             forge(replaced(header, "{", R"({"x5u":"http://127.0.0.1:9/cert",)"), claims),
             forge(header, deep, "another key of thirty-two bytes!"),
             forge(replaced(header, "{", R"({"jku":"http://127.0.0.1:9/keys",)"), deep),
             base64url(header) + "." + std::string(6'000, 'A') + "." + std::string(kMaxTokenBytes / 8, 'A'),
             std::string(kMaxTokenBytes, '.'),
             std::string(1'000'000, 'A'),
         }) {
        const std::string begin = base64url(header) + ".";
        const std::string signature = "." + std::string(43, 'A');
        const std::size_t length = std::min(trick.size(), kMaxTokenBytes) - begin.size() - signature.size();
        const std::string wrong = begin + std::string(length + signature.size(), 'A').replace(length, 1, ".");
        EXPECT_LT(cost_of(tokens, trick), 1.5 * cost_of(tokens, wrong)) << trick.substr(0, 100);
    }
}

}  // namespace
}  // namespace townhall::guard
