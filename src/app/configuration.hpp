#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "platform/config/config.hpp"
#include "platform/http/proxies.hpp"

namespace townhall::app {

/// Every option that Townhall knows: the one place where they are declared.
[[nodiscard]] const std::vector<config::Option>& option_table();

enum class Environment : std::uint8_t { development, testing, staging, production };

/// The options in force, typed and checked.
struct Configuration {
    Environment environment = Environment::development;
    std::string host;
    std::uint16_t port = 0;
    std::string admin_host;  // empty: no second listener
    std::uint16_t admin_port = 0;
    std::string public_url;    // without a slash at its end; empty where it is not known
    std::string database_url;  // empty: the embedded PostgreSQL
    std::filesystem::path home;
    std::string secret_key;
    std::vector<std::string> token_keys;
    std::vector<std::string> allowed_origins;
    bool docs = false;  // serve /docs
    http::TrustedProxies trusted_proxies;
    config::Values values;
    std::vector<std::string> notes;  // what an operator should know at start

    /// Staging and production: no defaults for secrets, nothing switched off that protects.
    [[nodiscard]] bool strict() const { return environment >= Environment::staging; }
};

/// Reads flags, environment and `.env`. Every problem goes to `problems`; the configuration is usable when there is
/// none.
[[nodiscard]] Configuration read_configuration(const config::Environment& flags,
                                               std::vector<config::Problem>& problems);

}  // namespace townhall::app
