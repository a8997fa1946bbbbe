#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <functional>

#include "app/commands.hpp"
#include "app/version.hpp"
#include "platform/observe/log.hpp"

namespace {

using namespace townhall;

using Command = std::function<int(const app::Configuration&)>;

/// Reads the configuration, tells everything that is wrong with it at once, and runs the command.
int with_configuration(const config::Environment& flags, const Command& command) {
    std::vector<config::Problem> problems;
    const app::Configuration configuration = app::read_configuration(flags, problems);
    if (!problems.empty()) {
        fmt::print(stderr, "townhall: the configuration has {} problem{}:\n", problems.size(),
                   problems.size() == 1 ? "" : "s");
        for (const auto& problem : problems) fmt::print(stderr, "  {} {}\n", problem.option, problem.detail);
        return 2;
    }
    observe::set_level(*observe::level_of(configuration.values.text("LOG_LEVEL")));
    return command(configuration);
}

void add_db_commands(CLI::App& program, Command& chosen, std::function<int()>& plain) {
    CLI::App* db = program.add_subcommand("db", "Migrations and demo data")->require_subcommand(1);
    const auto add = [&](const char* name, const char* help, int (*run)(const app::Configuration&)) {
        db->add_subcommand(name, help)->callback([&chosen, run] { chosen = run; });
    };
    add("upgrade", "Apply pending migrations", app::db_upgrade);
    add("downgrade", "Undo the last migration", app::db_downgrade);
    add("current", "Tell the last applied migration", app::db_current);
    add("history", "List every migration and its state", app::db_history);
    add("seed", "Add demo data and a first admin", app::db_seed);
    CLI::App* migrate = db->add_subcommand("migrate", "Write a numbered, empty migration");
    static std::string message;
    migrate->add_option("-m,--message", message, "What it will do")->required();
    migrate->callback([&plain] { plain = [] { return app::db_migrate(message); }; });
    db->add_subcommand("queries", "Print every named query as JSON")->callback([&plain] { plain = app::db_queries; });
}

void add_users_commands(CLI::App& program, Command& chosen) {
    CLI::App* users = program.add_subcommand("users", "Accounts")->require_subcommand(1);
    CLI::App* create = users->add_subcommand("create", "Add an account; the password is read from standard input");
    static app::NewUser user;
    create->add_option("--email", user.email, "The address to sign in with")->required();
    create->add_option("--name", user.name, "The person's name");
    create->add_flag("--admin", user.admin, "May do everything");
    create->add_flag("--editor", user.editor, "Website staff");
    create->callback([&chosen] {
        chosen = [](const app::Configuration& configuration) { return app::create_user(configuration, user); };
    });
}

void add_import_command(CLI::App& program, Command& chosen) {
    CLI::App* import = program.add_subcommand("import", "Import a file of voters into a campaign");
    static app::ImportFile order;
    import->add_option("file", order.file, "CSV or TSV, also .gz or .zip")->required()->check(CLI::ExistingFile);
    import->add_option("--campaign", order.campaign, "The campaign's id or slug")->required();
    import->add_option("--source", order.source,
                       "Whose ids the file holds; default: the state recognised, else the campaign");
    import->add_option("--mapping", order.mapping, R"(JSON, as in {"last_name": "Surname"})");
    import->add_option("--errors", order.errors, "Write rejected rows to this CSV, to be mended and imported again");
    import->add_flag("--skip-known", order.skip_known, "Leave voters that are known already as they are");
    import->add_flag("--dry-run", order.dry_run, "Tell what would happen; change nothing");
    import->callback([&chosen] {
        chosen = [](const app::Configuration& configuration) { return app::import_file(configuration, order); };
    });
}

/// The dead letters that `replay` and `discard` act on.
void add_chosen(CLI::App& command, app::ChosenJobs& chosen) {
    CLI::Option_group* choice = command.add_option_group("dead letters");
    choice->add_option("id", chosen.ids, "Ids of jobs")->check(CLI::PositiveNumber);
    choice->add_option("--kind", chosen.kind, "All of this kind");
    choice->add_flag("--all", chosen.all, "All");
    choice->require_option(1);
}

void add_jobs_commands(CLI::App& program, Command& chosen) {
    CLI::App* jobs = program.add_subcommand("jobs", "The queue of background jobs")->require_subcommand(1);
    CLI::App* list =
        jobs->add_subcommand("list", "List jobs, newest first; those that failed for good, if not told otherwise");
    static app::ListedJobs listed;
    list->add_option("--state", listed.state, "dead, ready, running or succeeded")
        ->check(CLI::IsMember({"dead", "ready", "running", "succeeded"}));
    list->add_option("--kind", listed.kind, "Only of this kind");
    list->add_option("--limit", listed.limit, "At most so many")->check(CLI::Range(1, 1'000'000));
    list->callback([&chosen] {
        chosen = [](const app::Configuration& configuration) { return app::list_jobs(configuration, listed); };
    });
    CLI::App* show = jobs->add_subcommand("show", "Print all that is known of a job");
    static std::int64_t id = 0;
    show->add_option("id", id, "The job's id")->required();
    show->callback([&chosen] {
        chosen = [](const app::Configuration& configuration) { return app::show_job(configuration, id); };
    });
    static app::ChosenJobs replayed, discarded;
    CLI::App* replay = jobs->add_subcommand("replay", "Give dead letters another round of attempts");
    add_chosen(*replay, replayed);
    replay->callback([&chosen] {
        chosen = [](const app::Configuration& configuration) { return app::replay_jobs(configuration, replayed); };
    });
    CLI::App* discard = jobs->add_subcommand("discard", "Delete dead letters");
    add_chosen(*discard, discarded);
    discard->callback([&chosen] {
        chosen = [](const app::Configuration& configuration) { return app::discard_jobs(configuration, discarded); };
    });
    CLI::App* probe = jobs->add_subcommand("probe", "Enqueue jobs that do nothing, to see whether jobs are worked on");
    static app::Probes probes;
    static std::int64_t seconds = 0;
    probe->add_option("--count", probes.count, "How many")->check(CLI::Range(1, 10'000'000));
    probe->add_option("--wait", seconds, "Seconds to wait until all are done")->check(CLI::Range(0, 86'400));
    probe->callback([&chosen] {
        probes.wait = std::chrono::seconds(seconds);
        chosen = [](const app::Configuration& configuration) { return app::probe_jobs(configuration, probes); };
    });
}

bool is_command(const CLI::App& program, std::string_view word) {
    const auto commands = program.get_subcommands([](const CLI::App*) { return true; });
    return std::ranges::any_of(commands, [&](const CLI::App* command) { return command->get_name() == word; });
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App program("Townhall: one server for a website's content, forms and files, and a campaign's voters.",
                     "townhall");
    program.set_version_flag("--version", std::string(app::kVersionText));
    program.require_subcommand(1);
    Command chosen;
    std::function<int()> plain;
    config::Environment flags;

    CLI::App* serve = program.add_subcommand("serve", "Serve until told to stop");
    static app::ServeOptions serve_options;
    serve->add_flag("--demo", serve_options.demo, "Seed demo data, and print the first admin's password");
    for (const config::Option& option : app::option_table()) {
        if (option.flag.empty()) continue;
        serve->add_option_function<std::string>(
            std::string(option.flag),
            [&flags, &option](const std::string& value) { flags[std::string(option.name)] = value; },
            std::string(option.doc));
    }
    serve->add_flag_callback(
        "--no-worker", [&flags] { flags["WORKER"] = "off"; }, "Leave background jobs to townhall worker");
    serve->footer("Everything else is set by environment variables or a .env file: townhall config docs lists them.");
    serve->callback([&] {
        chosen = [](const app::Configuration& configuration) { return app::serve(configuration, serve_options); };
    });
    program.add_subcommand("worker", "Work on background jobs until told to stop")->callback([&] {
        chosen = app::work;
    });
    add_jobs_commands(program, chosen);
    add_db_commands(program, chosen, plain);
    add_users_commands(program, chosen);
    add_import_command(program, chosen);
    program.add_subcommand("openapi", "Print the OpenAPI document")->callback([&] { chosen = app::print_openapi; });
    CLI::App* options = program.add_subcommand("config", "Print the table of options")->require_subcommand(1);
    options->add_subcommand("docs", "As Markdown")->callback([&] {
        plain = [] { return app::print_configuration(false); };
    });
    options->add_subcommand("example", "As a .env file")->callback([&] {
        plain = [] { return app::print_configuration(true); };
    });

    if (argc > 1 && argv[1][0] != '-' && !is_command(program, argv[1])) {
        fmt::print(stderr, "townhall: there is no command '{}'; townhall --help lists them\n", argv[1]);
        return 2;
    }
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : 2;
    }
    try {
        const int code = plain ? plain() : with_configuration(flags, chosen);
        observe::flush();
        return code;
    } catch (const std::exception& error) {
        observe::flush();
        fmt::print(stderr, "townhall: {}\n", error.what());
        return 1;
    }
}
