#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>
#include <thread>

#include "platform/guard/hash.hpp"
#include "platform/guard/password.hpp"
#include "platform/guard/random.hpp"
#include "platform/guard/seal.hpp"
#include "platform/guard/uuid.hpp"

namespace townhall::guard {
namespace {

std::string hex(const Digest& digest) {
    std::string text;
    for (const std::uint8_t byte : digest) text += fmt::format("{:02x}", byte);
    return text;
}

TEST(Uuids, AreVersion7AndRise) {
    Uuid last;
    for (int i = 0; i < 20'000; ++i) {
        const Uuid id = uuid_v7();
        ASSERT_GT(id, last);
        ASSERT_GT(to_string(id), to_string(last));
        ASSERT_EQ(id.bytes[6] >> 4, 7);
        ASSERT_EQ(id.bytes[8] >> 6, 2);
        last = id;
    }
}

TEST(Uuids, TellTheTime) {
    using namespace std::chrono;
    const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
    const Uuid id = uuid_v7();
    std::int64_t stamp = 0;
    for (int i = 0; i < 6; ++i) stamp = stamp << 8 | id.bytes[i];
    // The counter may have run ahead of the clock in another test of this thread.
    EXPECT_NEAR(static_cast<double>(stamp), static_cast<double>(now), 5000);
}

TEST(Uuids, DifferAcrossThreads) {
    std::vector<std::vector<Uuid>> made(4);
    {
        std::vector<std::jthread> threads;
        for (auto& ids : made)
            threads.emplace_back([&ids] {
                for (int i = 0; i < 5000; ++i) ids.push_back(uuid_v7());
            });
    }
    std::set<Uuid> all;
    for (const auto& ids : made) all.insert(ids.begin(), ids.end());
    EXPECT_EQ(all.size(), 20'000u);
}

TEST(Uuids, AreReadStrictly) {
    const std::string text = new_id();
    EXPECT_EQ(to_string(*uuid_from(text)), text);
    EXPECT_TRUE(uuid_from("01890A5D-AC96-774B-BCCE-B302099A8057"));
    for (const char* bad : {"", "01890a5dac96774bbcceb302099a8057", "{01890a5d-ac96-774b-bcce-b302099a8057}",
                            "01890a5d-ac96-774b-bcce-b302099a805", "01890a5d-ac96-774b-bcce-b302099a80577",
                            "01890a5d-ac96-774b-bcce_b302099a8057", "g1890a5d-ac96-774b-bcce-b302099a8057",
                            "0-890a5d-ac96-774b-bcce-b302099a8057"})
        EXPECT_FALSE(uuid_from(bad)) << bad;
}

TEST(Randomness, IsNotRepeated) {
    std::set<std::array<std::uint8_t, 16>> seen;
    for (int i = 0; i < 10'000; ++i) seen.insert(random_array<16>());
    EXPECT_EQ(seen.size(), 10'000u);
    std::vector<std::uint8_t> large(5000);
    random_bytes(large);
    EXPECT_GT(std::ranges::count_if(large, [](auto byte) { return byte != 0; }), 4800);
}

TEST(Hashes, MatchTheStandards) {
    EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    Sha256 pieces;
    for (const std::string_view piece : {"a", "", "bc"}) pieces.add(piece);
    EXPECT_EQ(pieces.digest(), sha256("abc"));
    // RFC 4231, test cases 1, 2 and 6 (a key longer than a block).
    EXPECT_EQ(hex(Hmac(std::string(20, '\x0b'))("Hi There")),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hex(Hmac("Jefe")("what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hex(Hmac(std::string(131, '\xaa'))("Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Base64url, IsStrict) {
    EXPECT_EQ(base64url("f"), "Zg");
    EXPECT_EQ(base64url("foobar"), "Zm9vYmFy");
    EXPECT_EQ(base64url("\xff\xfe\xfd"), "__79");
    for (int length = 0; length < 70; ++length) {
        std::string bytes(length, '\0');
        random_bytes(std::span(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()));
        ASSERT_EQ(from_base64url(base64url(bytes)), bytes);
    }
    for (const char* bad : {"Zg==", "Zh", "Z", "Zm9v+A", "Zm9v/A", "Zm 9", "Zm9vA"})
        EXPECT_FALSE(from_base64url(bad)) << bad;
}

TEST(Passwords, AreVerified) {
    const std::string encoded = hash_password("correct horse battery");
    EXPECT_TRUE(encoded.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    EXPECT_TRUE(verify_password("correct horse battery", encoded));
    EXPECT_FALSE(verify_password("correct horse batterz", encoded));
    EXPECT_FALSE(verify_password("", encoded));
    EXPECT_FALSE(verify_password("correct horse battery", "rubbish"));
    EXPECT_FALSE(verify_password("correct horse battery", ""));
    EXPECT_NE(hash_password("correct horse battery"), encoded) << "salted";
    EXPECT_FALSE(outdated(encoded));
    EXPECT_TRUE(outdated("$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaA"));
}

TEST(Passwords, OfNobodyCostAsMuch) {
    const std::string encoded = hash_password("correct horse battery");
    const auto median = [](auto work) {
        std::vector<double> times;
        for (int i = 0; i < 7; ++i) {
            const auto start = std::chrono::steady_clock::now();
            work();
            times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        }
        std::ranges::nth_element(times, times.begin() + 3);
        return times[3];
    };
    const double known = median([&] { (void)verify_password("some wrong password", encoded); });
    const double unknown = median([&] { EXPECT_FALSE(verify_nobody("some wrong password")); });
    EXPECT_GT(unknown, known / 2) << "nobody's hash must be well-formed, or no work is done for it";
    EXPECT_LT(unknown, known * 2);
}

TEST(Passwords, FollowThePolicy) {
    EXPECT_EQ(password_fault("correct horse battery", "ann@example.com"), "");
    EXPECT_EQ(password_fault("zwölf Zeichn", "ann@example.com"), "");
    EXPECT_NE(password_fault("elevenchars", "ann@example.com"), "");
    EXPECT_NE(password_fault("ÄÄÄÄÄÄÄ", "ann@example.com"), "") << "bytes are not characters";
    EXPECT_NE(password_fault("Ann@Example.com", "ann@example.com"), "");
    EXPECT_NE(password_fault("annabelle.long", "annabelle.long@example.com"), "");
    EXPECT_NE(password_fault("Password1234", "ann@example.com"), "");
    EXPECT_NE(password_fault("aaaaaaaaaaaaaaaa", "ann@example.com"), "");
    EXPECT_NE(password_fault(std::string(1025, 'x') + "y", "ann@example.com"), "");
}

TEST(SealedBytes, OpenOnlyWhole) {
    const Secret secret("a secret key of the installation");
    const SealKey key = secret.seal_key("idempotency");
    const std::string sealed = key.seal("client_secret=pi_123", "row 7");
    EXPECT_EQ(key.open(sealed, "row 7"), "client_secret=pi_123");
    EXPECT_FALSE(key.open(sealed, "row 8"));
    EXPECT_FALSE(key.open(sealed));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        ASSERT_FALSE(key.open(changed, "row 7"));
        ASSERT_FALSE(key.open(sealed.substr(0, i), "row 7"));
    }
    EXPECT_EQ(key.open(key.seal("")), "");
    EXPECT_NE(key.seal("x"), key.seal("x"));
    EXPECT_EQ(sealed.find("pi_123"), std::string::npos);
}

TEST(Keys, BelongToTheirPurpose) {
    const Secret secret("a secret key of the installation");
    EXPECT_FALSE(secret.seal_key("b").open(secret.seal_key("a").seal("x")));
    EXPECT_FALSE(secret.sign_key("b").verify(secret.sign_key("a").sign("x")));
    EXPECT_FALSE(Secret("another").seal_key("a").open(secret.seal_key("a").seal("x")));
    EXPECT_EQ(Secret("a secret key of the installation").sign_key("a").verify(secret.sign_key("a").sign("x")), "x");
}

TEST(SignedText, IsNotForged) {
    const SignKey key = Secret("a secret key of the installation").sign_key("cursor");
    const std::string text = key.sign("campaign=1 after=99");
    EXPECT_EQ(key.verify(text), "campaign=1 after=99");
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string changed = text;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        ASSERT_NE(key.verify(changed), "campaign=1 after=99");
        ASSERT_FALSE(key.verify(changed));
        ASSERT_FALSE(key.verify(text.substr(0, i)));
    }
}

}  // namespace
}  // namespace townhall::guard
