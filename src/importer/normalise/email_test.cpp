#include "importer/normalise/email.hpp"

#include <gtest/gtest.h>

#include "importer/arena.hpp"

namespace townhall::importer {
namespace {

TEST(Email, lowers_the_domain_only) {
    EXPECT_EQ(parse_email(" Mary.Ann@Example.ORG "), "Mary.Ann@example.org");
    EXPECT_EQ(parse_email("o'neil+x@a-b.co.uk"), "o'neil+x@a-b.co.uk");
    EXPECT_EQ(parse_email("josé@BÜCHER.example"), "josé@bücher.example");
    Arena arena;
    const std::string_view text = "a@b.org";
    EXPECT_EQ(parse_email(text, arena).data(), text.data());
}

TEST(Email, refuses_wrong_shapes) {
    for (const auto* text :
         {"",          "a",         "@b.org",          "a@",          "a@b",      "a@@b.org", "a b@c.org", "a@b c.org",
          ".a@b.org",  "a.@b.org",  "a..b@c.org",      "a@b..org",    "a@-b.org", "a@b-.org", "a@b.org.",  "a@.org",
          "a@1.2.3.4", "<a@b.org>", "a@b.org,c@d.org", "\"a\"@b.org", "a@b_c.org"})
        EXPECT_FALSE(parse_email(text)) << text;
    EXPECT_FALSE(parse_email(std::string(65, 'a') + "@b.org"));
    EXPECT_FALSE(parse_email("a@" + std::string(64, 'b') + ".org"));
    EXPECT_FALSE(parse_email("a@" + std::string(300, 'b') + ".org"));
}

}  // namespace
}  // namespace townhall::importer
