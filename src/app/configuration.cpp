#include "app/configuration.hpp"

#include <charconv>
#include <fmt/format.h>

#include "app/options/options.hpp"
#include "platform/api/cors.hpp"
#include "platform/db/embedded/embedded.hpp"
#include "platform/mail/mailer.hpp"

namespace townhall::app {

using config::Option;

const std::vector<Option>& option_table() {
    static const std::vector<Option> table = [] {
        std::vector<Option> all;
        for (auto& section :
             {server_options(), database_options(), secrets_options(), protection_options(), observation_options(),
              files_options(), content_options(), mail_options(), services_options()})
            all.insert(all.end(), section.begin(), section.end());
        return all;
    }();
    return table;
}

namespace {

Environment environment_of(std::string_view name) {
    if (name == "production") return Environment::production;
    if (name == "staging") return Environment::staging;
    return name == "testing" ? Environment::testing : Environment::development;
}

/// Of one that was checked already; without its brackets where it is IPv6.
void read_address(const std::string& address, std::string& host, std::uint16_t& port) {
    const std::size_t colon = address.rfind(':');
    host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (colon != std::string::npos) std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
}

void split(std::string_view list, std::vector<std::string>& items) {
    for (const std::string_view item : config::items_of(list))
        if (!item.empty()) items.emplace_back(item);
}

void read_origins(std::string_view list, std::vector<std::string>& origins, std::vector<config::Problem>& problems) {
    split(list, origins);
    for (const std::string& origin : origins)
        if (!api::is_origin(origin))
            problems.push_back({"CORS_ALLOWED_ORIGINS",
                                fmt::format("'{}' is no origin: write it as browsers do, in small letters and without "
                                            "a path, as in https://www.example.org",
                                            origin)});
}

void check_strict(const Configuration& configuration, std::vector<config::Problem>& problems) {
    configuration.values.check_secrets(option_table(), {"SECRET_KEY", "JWT_SECRET_KEY"}, problems);
    if (!configuration.values.has("PUBLIC_URL"))
        problems.push_back({"PUBLIC_URL", "is required in staging and production, as in https://www.example.org"});
    if (configuration.values.text("RATE_LIMIT") == "off")
        problems.push_back({"RATE_LIMIT", "must not be off in staging and production"});
}

void check_tls(const config::Values& values, std::vector<config::Problem>& problems) {
    if (values.has("TLS_CERTIFICATE") && !values.has("TLS_KEY"))
        problems.push_back({"TLS_KEY", "is required with TLS_CERTIFICATE"});
    if (values.has("TLS_KEY") && !values.has("TLS_CERTIFICATE"))
        problems.push_back({"TLS_CERTIFICATE", "is required with TLS_KEY"});
}

void check_mail(const config::Values& values, std::vector<config::Problem>& problems) {
    for (const std::string_view option : {"MAIL_FROM", "MAIL_TEAM"})
        if (!mail::address_from(values.text(option)))
            problems.push_back({std::string(option),
                                "must be one address, as in Townhall <townhall@example.org> or team@example.org"});
}

}  // namespace

Configuration read_configuration(const config::Environment& flags, std::vector<config::Problem>& problems) {
    Configuration out;
    const auto file = config::read_env_file(".env", problems);
    out.values = config::Values::read(option_table(), flags, config::process_environment(), file, problems);
    const config::Values& values = out.values;
    out.environment = environment_of(values.text("TOWNHALL_ENV"));

    read_address(values.text("LISTEN"), out.host, out.port);
    read_address(values.text("ADMIN_LISTEN"), out.admin_host, out.admin_port);

    out.public_url = values.text("PUBLIC_URL");
    while (out.public_url.ends_with('/')) out.public_url.pop_back();
    out.home = values.has("TOWNHALL_HOME") ? std::filesystem::path(values.text("TOWNHALL_HOME")) : db::default_home();
    out.database_url = values.text("DATABASE_URL");
    if (values.has("TEST_DATABASE_URL") && values.text("TEST_DATABASE_URL") == out.database_url)
        problems.push_back({"TEST_DATABASE_URL", "must not be the database of DATABASE_URL: tests empty it"});
    if (out.environment == Environment::testing && values.has("TEST_DATABASE_URL"))
        out.database_url = values.text("TEST_DATABASE_URL");

    out.secret_key = values.text("SECRET_KEY");
    split(values.text("JWT_SECRET_KEY"), out.token_keys);
    read_origins(values.text("CORS_ALLOWED_ORIGINS"), out.allowed_origins, problems);
    out.docs = values.has("DOCS") ? values.text("DOCS") == "on" : !out.strict();
    check_tls(values, problems);
    check_mail(values, problems);
    if (auto proxies = http::TrustedProxies::parse(values.text("TRUSTED_PROXIES")))
        out.trusted_proxies = *std::move(proxies);
    else
        problems.push_back({"TRUSTED_PROXIES", std::move(proxies.error())});
    if (out.strict()) check_strict(out, problems);
    for (const Option& option : option_table())
        if (!option.used && values.given(option.name))
            out.notes.push_back(fmt::format("{} is set, but this version does not use it yet", option.name));
    return out;
}

}  // namespace townhall::app
