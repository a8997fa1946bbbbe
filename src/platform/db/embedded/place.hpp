#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>

#include "platform/db/embedded/process.hpp"

namespace townhall::db::embedded {

/// Where an embedded PostgreSQL lives. Its name comes from the home's canonical path, so two homes never meet.
struct Place {
    std::filesystem::path home;
    std::filesystem::path data;     // home/postgres
    std::filesystem::path log;      // home/postgres.log
    std::filesystem::path sockets;  // short: the kernel takes 107 bytes for a socket's whole path
    std::string name;               // townhall-<hash>; also the cluster_name, so in every process title

    /// Touches nothing.
    static Place of(const std::filesystem::path& home);

    [[nodiscard]] std::string conninfo(const std::filesystem::path& socket_folder) const;
    /// Whether a command line is that of one of its processes.
    [[nodiscard]] bool owns(std::string_view command_line) const;
};

/// Makes the home, and sees that the account can get there. Throws EmbeddedError that names the closed folder.
void open_home(const Place& place, const Account& account);

/// Makes the sockets' folder, or checks that the one there is the account's and nobody else can enter. Throws
/// EmbeddedError.
void open_sockets(const Place& place, const Account& account);

/// PostgreSQL's own file in its data folder.
struct PidFile {
    pid_t pid;
    std::filesystem::path sockets;
    bool ready;
};
std::optional<PidFile> read_pid_file(const std::filesystem::path& data);

/// Ends every process that an earlier run left behind, and removes what would stop a new one. Only with the home
/// locked. Throws EmbeddedError when one can't be ended.
void clear_leftovers(const Place& place, const Account& account);

}  // namespace townhall::db::embedded
