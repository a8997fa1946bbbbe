#include "app/commands.hpp"

#include <fmt/format.h>
#include <iostream>
#include <sys/resource.h>
#include <unistd.h>

#include "accounts/accounts.hpp"
#include "app/app.hpp"
#include "app/database.hpp"
#include "app/logging.hpp"
#include "app/queries.hpp"
#include "app/seed.hpp"
#include "app/version.hpp"
#include "platform/api/json.hpp"
#include "platform/api/openapi.hpp"
#include "platform/db/migrate/migration.hpp"
#include "platform/db/sync/connection.hpp"
#include "platform/http/server.hpp"
#include "platform/observe/log.hpp"

namespace townhall::app {

namespace migrate = db::migrate;

namespace {

/// As many descriptors as we may have: every connection takes one.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

void tell_demo(const Configuration& configuration, const std::optional<DemoAdmin>& admin) {
    const bool tls = configuration.values.has("TLS_CERTIFICATE");
    const std::string base = fmt::format("http{}://{}:{}", tls ? "s" : "", configuration.host, configuration.port);
    fmt::print("\n  Townhall {} on {}\n\n", kVersionText, base);
    fmt::print(
        "    health     {0}/healthz\n    contract   {0}/openapi.json\n    form       POST {0}/api/contact\n"
        "    voters     {0}/api/v1/voters\n    mailbox    {1}\n\n",
        base, (configuration.home / "mailbox").string());
    if (admin)
        fmt::print("    admin      {}\n    password   {}   (shown once; kept nowhere)\n\n", admin->email,
                   admin->password);
    else
        fmt::print(
            "    accounts   as before; another admin: townhall users create --email NAME@EXAMPLE.ORG --admin\n\n");
    std::fflush(stdout);
}

}  // namespace

int serve(const Configuration& configuration, const ServeOptions& options) {
    open_log(configuration);
    for (const std::string& note : configuration.notes) observe::warning(note);
    raise_descriptor_limit();
    // Before a database is made that nobody would be served from.
    http::refuse_taken_port(configuration.host, configuration.port);
    const OpenDatabase database(configuration, false);
    database.upgrade();
    const Secrets secrets = load_secrets(configuration);
    if (options.demo) {
        db::Connection connection(database.conninfo());
        tell_demo(configuration, seed_demo(connection, database.conninfo()));
    }
    App app(configuration, secrets, database.conninfo());
    app.run();
    return 0;
}

int db_upgrade(const Configuration& configuration) {
    const OpenDatabase database(configuration, true);
    db::Connection connection(database.conninfo());
    const auto steps = migrate::upgrade(connection, migrate::embedded());
    for (const auto& step : steps) fmt::print("{:04} {}  {} ms\n", step.version, step.name, step.duration.count());
    if (steps.empty()) fmt::print("nothing to do\n");
    return 0;
}

int db_downgrade(const Configuration& configuration) {
    const OpenDatabase database(configuration, true);
    db::Connection connection(database.conninfo());
    const auto step = migrate::downgrade(connection, migrate::embedded());
    if (step)
        fmt::print("undone: {:04} {}\n", step->version, step->name);
    else
        fmt::print("nothing to undo\n");
    return 0;
}

int db_current(const Configuration& configuration) {
    const OpenDatabase database(configuration, true);
    db::Connection connection(database.conninfo());
    const auto entry = migrate::current(connection, migrate::embedded());
    if (entry)
        fmt::print("{:04} {}\n", entry->version, entry->name);
    else
        fmt::print("none\n");
    return 0;
}

int db_history(const Configuration& configuration) {
    const OpenDatabase database(configuration, true);
    db::Connection connection(database.conninfo());
    for (const auto& entry : migrate::history(connection, migrate::embedded())) {
        constexpr const char* kStates[] = {"applied", "pending", "changed", "unknown"};
        fmt::print("{:04} {:<30} {:<8} {}\n", entry.version, entry.name, kStates[static_cast<int>(entry.state)],
                   entry.applied_at);
    }
    return 0;
}

int db_migrate(const std::string& message) {
    const auto pair = migrate::write_pair("migrations", message);
    fmt::print("{}\n{}\n", pair.up.string(), pair.down.string());
    return 0;
}

int db_seed(const Configuration& configuration) {
    const OpenDatabase database(configuration, true);
    database.upgrade();
    db::Connection connection(database.conninfo());
    const auto admin = seed_demo(connection, database.conninfo());
    if (admin)
        fmt::print("admin {} with password {}\n", admin->email, admin->password);
    else
        fmt::print("there are accounts already: nothing was added\n");
    return 0;
}

int db_queries() {
    std::string out = "[";
    for (const db::Statement* query : every_query()) {
        out += out.size() > 1 ? ",\n{\"name\":" : "\n{\"name\":";
        api::json::write_string(out, query->name);
        out += ",\"sql\":";
        api::json::write_string(out, query->sql);
        out += '}';
    }
    fmt::print("{}\n]\n", out);
    return 0;
}

int create_user(const Configuration& configuration, const NewUser& user) {
    if (::isatty(STDIN_FILENO)) fmt::print(stderr, "Password: ");
    std::string password;
    std::getline(std::cin, password);
    const OpenDatabase database(configuration, true);
    database.upgrade();
    db::Connection connection(database.conninfo());
    const auto made =
        accounts::create_account(connection, {.email = user.email,
                                              .name = user.name.empty() ? std::nullopt : std::optional(user.name),
                                              .password = std::move(password),
                                              .is_admin = user.admin,
                                              .is_editor = user.editor});
    if (!made) {
        fmt::print(stderr, "townhall: {}\n", made.error());
        return 1;
    }
    fmt::print("{}\n", *made);
    return 0;
}

int print_openapi(const Configuration& configuration) {
    // Nothing is opened before the application runs: the address is never used.
    const App app(configuration, load_secrets(configuration), "postgresql:///");
    fmt::print("{}\n", app.openapi());
    return 0;
}

int print_configuration(bool env_example) {
    fmt::print("{}", env_example ? config::env_example(option_table()) : config::markdown(option_table()));
    return 0;
}

}  // namespace townhall::app
