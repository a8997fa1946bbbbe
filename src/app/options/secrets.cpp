#include "app/options/options.hpp"

namespace townhall::app {

using config::Kind;

std::vector<config::Option> secrets_options() {
    return {
        {.name = "SECRET_KEY",
         .kind = Kind::secret,
         .fallback = "",
         .doc = "Signs cursors, links and upload tokens, and encrypts kept answers.",
         .section = "Secrets",
         .alias = "FLASK_SECRET_KEY"},
        {.name = "JWT_SECRET_KEY",
         .kind = Kind::secret,
         .fallback = "",
         .doc = "Keys of access tokens, separated by commas: the first signs, all verify.",
         .section = "Secrets"},
        {.name = "JWT_ACCESS_TOKEN_EXPIRES",
         .kind = Kind::integer,
         .fallback = "3600",
         .doc = "Lifetime of access tokens, in seconds.",
         .section = "Secrets",
         .least = 60,
         .most = 86'400},
        {.name = "JWT_REFRESH_TOKEN_EXPIRES",
         .kind = Kind::integer,
         .fallback = "86400",
         .doc = "Lifetime of refresh tokens, in seconds.",
         .section = "Secrets",
         .least = 300,
         .most = 31'536'000},
    };
}

}  // namespace townhall::app
