#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/configuration.hpp"

/// What `townhall` can be asked to do. Each command returns the process's exit code, and throws what it can't mend.
namespace townhall::app {

struct ServeOptions {
    bool demo = false;  // seed demo data and the first admin, and tell where everything is
};
int serve(const Configuration& configuration, const ServeOptions& options);

/// Works on jobs until told to stop, beside `serve` or in its stead.
int work(const Configuration& configuration);

int db_upgrade(const Configuration& configuration);
int db_downgrade(const Configuration& configuration);
int db_current(const Configuration& configuration);
int db_history(const Configuration& configuration);
int db_migrate(const std::string& message);
int db_seed(const Configuration& configuration);
/// Every named query as JSON: name and SQL.
int db_queries();

struct NewUser {
    std::string email, name;
    bool admin = false;
    bool editor = false;
};
/// Reads the password from standard input.
int create_user(const Configuration& configuration, const NewUser& user);

struct ImportFile {
    std::string file;
    std::string campaign;  // id or slug
    std::optional<std::string> source, mapping;
    std::optional<std::string> errors;  // a file for the rejected rows
    bool skip_known = false;
    bool dry_run = false;
};
int import_file(const Configuration& configuration, const ImportFile& order);

struct ListedJobs {
    std::string state = "dead";
    std::optional<std::string> kind;
    std::int64_t limit = 50;
};
int list_jobs(const Configuration& configuration, const ListedJobs& listed);
int show_job(const Configuration& configuration, std::int64_t id);

/// Dead letters.
struct ChosenJobs {
    std::vector<std::int64_t> ids;
    std::optional<std::string> kind;
    bool all = false;
};
int replay_jobs(const Configuration& configuration, const ChosenJobs& chosen);
int discard_jobs(const Configuration& configuration, const ChosenJobs& chosen);

struct Probes {
    std::int64_t count = 1;
    std::chrono::seconds wait{0};  // until they are done; 0: not at all
};
/// 1 when they are not done in time.
int probe_jobs(const Configuration& configuration, const Probes& probes);

int print_openapi(const Configuration& configuration);
int print_configuration(bool env_example);

}  // namespace townhall::app
