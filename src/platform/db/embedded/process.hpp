#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

/// Child processes under another account, and finding those that were left behind.
namespace townhall::db::embedded {

/// Whom PostgreSQL runs as: it refuses to be root.
struct Account {
    uid_t user;
    gid_t group;
    std::vector<gid_t> groups;
    std::string name;
    bool drop = false;  // we are root, and children must change to it

    /// Ours, or `postgres` when we are root. Throws EmbeddedError where that account is missing.
    static Account for_postgres();
};

struct Program {
    std::vector<std::string> arguments;  // the first is the program's full path
    int input = -1;                      // -1: /dev/null
    int output = -1;                     // standard output and error; -1: /dev/null
    int death_signal = 9;                // what it gets when the forking thread ends
};

/// Starts it as the account, in a session of its own (Ctrl-C at the terminal is for us alone), with an environment of
/// its own (ours holds secrets) and no descriptor of ours. Throws std::system_error.
pid_t launch(const Program& program, const Account& account);

struct Finished {
    bool succeeded;
    std::string output;  // the last 64 KiB
};
/// Runs to the end, `input` on standard input.
Finished run_to_end(std::vector<std::string> arguments, const Account& account, std::string_view input = {});

/// The first of the paths that the account can't enter; empty where it can enter all.
std::filesystem::path first_closed(const std::vector<std::filesystem::path>& paths, const Account& account);

/// Processes of the account whose command line `matches`. By the command line, because a container's root may not look
/// into another user's process.
std::vector<pid_t> find_processes(const Account& account, const std::function<bool(std::string_view)>& matches);

}  // namespace townhall::db::embedded
