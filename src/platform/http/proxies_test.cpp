#include "platform/http/proxies.hpp"

#include <gtest/gtest.h>

namespace townhall::http {
namespace {

namespace ip = boost::asio::ip;
using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

TrustedProxies proxies(std::string_view list = "10.0.0.0/8, 192.0.2.7,2001:db8::/33") {
    return TrustedProxies::parse(list).value();
}

// "address" or "address https", as a request from the peer is seen.
std::string origin(const Fields& fields, const char* peer = "10.0.0.1") {
    const Origin found = origin_of(proxies(), {.address = ip::make_address(peer)}, fields);
    return found.address.to_string() + (found.secure ? " https" : "");
}

TEST(TrustedProxies, HoldAddressesAndNetworks) {
    const auto known = proxies();
    for (const char* inside : {"10.0.0.0", "10.255.255.255", "192.0.2.7", "2001:db8::1", "2001:db8:7fff::1",
                               "::ffff:10.1.2.3", "::ffff:192.0.2.7"}) {
        EXPECT_TRUE(known.trusts(ip::make_address(inside))) << inside;
    }
    for (const char* outside : {"11.0.0.0", "9.255.255.255", "192.0.2.6", "2001:db8:8000::1", "::a00:1", "::1"}) {
        EXPECT_FALSE(known.trusts(ip::make_address(outside))) << outside;
    }
    EXPECT_TRUE(proxies("0.0.0.0/0").trusts(ip::make_address("203.0.113.1")));
    EXPECT_FALSE(proxies("0.0.0.0/0").trusts(ip::make_address("2001:db8::1")));
    EXPECT_TRUE(proxies("::/0").trusts(ip::make_address("2001:db8::1")));
    EXPECT_TRUE(proxies(" ").empty());
    EXPECT_FALSE(proxies("").trusts(ip::make_address("127.0.0.1")));
}

TEST(TrustedProxies, RefuseWhatIsNoNetwork) {
    for (const char* bad :
         {"localhost", "10.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.1/8", "::1/129",
          "fe80::1%eth0", "10.0.0.1,", ",10.0.0.1", "10.0.0.1 10.0.0.2", "10.0.0.1:80", "[::1]", "*"}) {
        EXPECT_FALSE(TrustedProxies::parse(bad)) << bad;
    }
    EXPECT_EQ(TrustedProxies::parse("127.0.0.1, 10.0.0.1/8").error(),
              "holds '10.0.0.1/8', which has bits set behind the first 8");
}

TEST(Origin, IsThePeerWhenNobodyTrustedSpeaks) {
    const Fields forged = {{"X-Forwarded-For", "203.0.113.9"},
                           {"Forwarded", "for=203.0.113.9;proto=https"},
                           {"X-Forwarded-Proto", "https"}};
    EXPECT_EQ(origin(forged, "198.51.100.1"), "198.51.100.1");
    EXPECT_EQ(origin({}), "10.0.0.1");
}

TEST(Origin, IsReadFromTheEndPastTrustedProxiesOnly) {
    EXPECT_EQ(origin({{"x-forwarded-for", "203.0.113.9"}}), "203.0.113.9");
    EXPECT_EQ(origin({{"X-Forwarded-For", "1.2.3.4, 203.0.113.9"}}), "203.0.113.9");
    EXPECT_EQ(origin({{"X-Forwarded-For", "1.2.3.4, 203.0.113.9,10.2.2.2 , 192.0.2.7"}}), "203.0.113.9");
    EXPECT_EQ(origin({{"X-Forwarded-For", "10.3.3.3, 10.2.2.2"}}), "10.3.3.3");
    EXPECT_EQ(origin({{"X-Forwarded-For", "1.2.3.4"}, {"A", "b"}, {"X-FORWARDED-FOR", "203.0.113.9"}}), "203.0.113.9");
    EXPECT_EQ(origin({{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-For", "10.2.2.2"}}), "203.0.113.9");
    EXPECT_EQ(origin({{"X-Forwarded-For", "1.2.3.4, ::ffff:203.0.113.9"}}), "203.0.113.9");
    EXPECT_EQ(origin({{"X-Forwarded-For", "2001:db8:8000::5, 2001:db8::1"}}), "2001:db8:8000::5");
}

TEST(Origin, TakesAddressesWithPorts) {
    for (const char* node : {"203.0.113.9", "203.0.113.9:4711", "203.0.113.9:_hidden"}) {
        EXPECT_EQ(origin({{"X-Forwarded-For", node}}), "203.0.113.9") << node;
    }
    for (const char* node : {"2001:db8:8000::9", "[2001:db8:8000::9]", "[2001:db8:8000::9]:80"}) {
        EXPECT_EQ(origin({{"X-Forwarded-For", node}}), "2001:db8:8000::9") << node;
    }
}

TEST(Origin, ReadsNothingBehindWhatIsMalformed) {
    for (const char* node :
         {"unknown", "", "203.0.113.999", "203.0.113.9:", "203.0.113.9:x", "[2001:db8:8000::9", "[]", "[203.0.113.9]",
          "2001:db8:8000::9%1", "<script>", "203.0.113.9 203.0.113.8", "\"1.2.3.4"}) {
        EXPECT_EQ(origin({{"X-Forwarded-For", std::string("1.2.3.4, ") + node}}), "10.0.0.1") << node;
        EXPECT_EQ(origin({{"X-Forwarded-For", std::string("1.2.3.4, ") + node + ", 10.2.2.2"}}), "10.2.2.2") << node;
    }
}

TEST(Origin, UnderstandsForwarded) {
    EXPECT_EQ(origin({{"Forwarded", "for=203.0.113.9;proto=https"}}), "203.0.113.9 https");
    EXPECT_EQ(origin({{"Forwarded", "For=\"[2001:db8:8000::9]:4711\" ; Proto=HTTPS; by=_x;host=\"a,b;c\""}}),
              "2001:db8:8000::9 https");
    EXPECT_EQ(origin({{"Forwarded", "for=1.2.3.4, for=203.0.113.9;proto=http, for=10.2.2.2;proto=https"}}),
              "203.0.113.9");
    EXPECT_EQ(origin({{"Forwarded", "for=1.2.3.4;proto=https"}, {"Forwarded", "for=203.0.113.9"}}), "203.0.113.9");
    EXPECT_EQ(origin({{"Forwarded", "for=\"203.0.113.\\9\""}}), "203.0.113.9");
    EXPECT_EQ(origin({{"Forwarded", "for=unknown;proto=https"}}), "10.0.0.1 https");
    EXPECT_EQ(origin({{"Forwarded", "proto=https"}}), "10.0.0.1 https");
}

TEST(Origin, FindsTheProxysElementWhateverAClientOpened) {
    for (const char* invention : {"for=\"", "for=\"1.2.3.4", "\"", "for=\"\\", ",,,", "for=1.2.3.4;", "=;=\""}) {
        const std::string before = invention;
        EXPECT_EQ(origin({{"Forwarded", before + ", for=203.0.113.9"}}), "203.0.113.9") << invention;
        EXPECT_EQ(origin({{"Forwarded", before}, {"Forwarded", "for=203.0.113.9"}}), "203.0.113.9") << invention;
    }
    for (const char* malformed : {"for", "for=1.2.3.4;for=1.2.3.5", "for=\"1.2.3.4\"x", "for=1.2.3.4 proto=https",
                                  "proto=https;proto=http", "f r=1.2.3.4", "=1.2.3.4"}) {
        EXPECT_EQ(origin({{"Forwarded", malformed}}), "10.0.0.1") << malformed;
    }
}

TEST(Origin, PrefersXForwardedFor) {
    const Fields both = {{"Forwarded", "for=1.2.3.4;proto=https"}, {"X-Forwarded-For", "203.0.113.9"}};
    EXPECT_EQ(origin(both), "203.0.113.9");
}

TEST(Origin, TakesTheSchemeOfTheProxyThatSawTheClient) {
    EXPECT_EQ(origin({{"X-Forwarded-Proto", "https"}}), "10.0.0.1 https");
    EXPECT_EQ(origin({{"X-Forwarded-Proto", "ftp"}}), "10.0.0.1");
    const auto told = [](std::string_view nodes, std::string_view schemes) {
        return origin({{"X-Forwarded-For", nodes}, {"X-Forwarded-Proto", schemes}});
    };
    EXPECT_EQ(told("203.0.113.9", "HTTPS"), "203.0.113.9 https");
    EXPECT_EQ(told("203.0.113.9", "https, http"), "203.0.113.9");
    EXPECT_EQ(told("203.0.113.9, 10.2.2.2", "https"), "203.0.113.9 https");
    EXPECT_EQ(told("203.0.113.9, 10.2.2.2", "https, http"), "203.0.113.9 https");
    EXPECT_EQ(told("1.2.3.4, 203.0.113.9, 10.2.2.2", "https, http, https"), "203.0.113.9");
    EXPECT_EQ(told("203.0.113.9, 10.2.2.2, 10.3.3.3", "https, http"), "203.0.113.9");
    EXPECT_EQ(
        origin({{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "https"}, {"X-Forwarded-Proto", "http"}}),
        "203.0.113.9");
    const Origin by_tls{.address = ip::make_address("10.0.0.1"), .secure = true};
    const Fields plain = {{"X-Forwarded-Proto", "http"}};
    EXPECT_TRUE(origin_of(proxies(), by_tls, {}).secure);
    EXPECT_FALSE(origin_of(proxies(), by_tls, plain).secure);
}

}  // namespace
}  // namespace townhall::http
