#include "platform/db/embedded/place.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <openssl/evp.h>
#include <pwd.h>
#include <ranges>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "platform/db/embedded/embedded.hpp"
#include "platform/db/sync/conninfo.hpp"
#include "platform/observe/log.hpp"

namespace townhall::db::embedded {

namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLongestSocketPath = 107;
constexpr std::string_view kSocketFile = "/.s.PGSQL.5432.lock";

std::string short_hash(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
        throw EmbeddedError("SHA-256 is not available");
    }
    std::string hex;
    for (int i = 0; i < 6; ++i) hex += fmt::format("{:02x}", digest[static_cast<std::size_t>(i)]);
    return hex;
}

bool writable_folder(const fs::path& folder) { return ::access(folder.c_str(), W_OK | X_OK) == 0; }

fs::path sockets_for(const std::string& name) {
    const fs::path temporary =
        fs::path("/tmp") / fmt::format("townhall-{}-{}", ::geteuid(), name.substr(name.find('-') + 1));
    fs::path first;
    if (::geteuid() == 0) {
        first = "/run";
    } else if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime && *runtime == '/') {
        first = runtime;
    }
    const bool fits = first.native().size() + name.size() + 1 + kSocketFile.size() <= kLongestSocketPath;
    return !first.empty() && fits && writable_folder(first) ? first / name : temporary;
}

std::vector<fs::path> with_parents(const fs::path& path) {
    std::vector<fs::path> all;
    fs::path so_far;
    for (const auto& part : path) all.push_back(so_far /= part);
    return all;
}

// A home that only root may enter is opened to the account's group for passing through; nothing in it becomes visible.
// Root's own home directory stays as it is.
bool let_pass(const fs::path& home, const Account& account) {
    struct stat status{};
    const passwd* root = ::getpwuid(0);
    if (!account.drop || (root && home == fs::path(root->pw_dir))) return false;
    if (::stat(home.c_str(), &status) != 0 || status.st_uid != 0) return false;
    return ::chown(home.c_str(), static_cast<uid_t>(-1), account.group) == 0 &&
           ::chmod(home.c_str(), (status.st_mode & 07777) | S_IXGRP) == 0;
}

std::vector<pid_t> processes_of(const Place& place, const Account& account) {
    return find_processes(account, [&place](std::string_view command) { return place.owns(command); });
}

bool ended_within(std::chrono::milliseconds patience, const Place& place, const Account& account) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!processes_of(place, account).empty()) {
        if (std::chrono::steady_clock::now() >= until) return false;
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

}  // namespace

Place Place::of(const fs::path& home) {
    Place place;
    place.home = fs::weakly_canonical(fs::absolute(home));
    if (!place.home.has_filename()) place.home = place.home.parent_path();
    place.data = place.home / "postgres";
    place.log = place.home / "postgres.log";
    place.name = "townhall-" + short_hash(place.home.native());
    place.sockets = sockets_for(place.name);
    return place;
}

std::string Place::conninfo(const fs::path& socket_folder) const {
    return with_option("port='5432' user='townhall' dbname='townhall'", "host", socket_folder.native());
}

bool Place::owns(std::string_view command_line) const {
    if (command_line.starts_with(fmt::format("postgres: {}:", name))) return true;
    const std::string folder = std::string("\0-D\0", 4) + data.native() + '\0';
    return command_line.contains("/postgres") && command_line.contains(folder);
}

void open_home(const Place& place, const Account& account) {
    std::error_code error;
    const bool made = fs::create_directories(place.home, error);
    if (error) {
        throw EmbeddedError(fmt::format("can't make the folder {}: {}; set TOWNHALL_HOME to a place of yours",
                                        place.home.string(), error.message()));
    }
    if (made) ::chmod(place.home.c_str(), 0700);
    const std::vector<fs::path> path = with_parents(place.home);
    fs::path closed = first_closed(path, account);
    if (closed == place.home && let_pass(place.home, account)) closed = first_closed(path, account);
    if (closed.empty()) return;
    throw EmbeddedError(fmt::format(
        "PostgreSQL runs as {}, who can't enter {} on the way to TOWNHALL_HOME ({}): choose another home, such as "
        "/var/lib/townhall, or open that folder (chmod o+x {})",
        account.name, closed.string(), place.home.string(), closed.string()));
}

void open_sockets(const Place& place, const Account& account) {
    const char* const folder = place.sockets.c_str();
    if (::mkdir(folder, 0700) == 0 && account.drop && ::chown(folder, account.user, account.group) != 0) {
        ::rmdir(folder);
        throw EmbeddedError(fmt::format("can't give {} to {}", place.sockets.string(), account.name));
    }
    // In /tmp anybody could have made it first.
    struct stat status{};
    const bool safe = ::lstat(folder, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == account.user &&
                      (status.st_mode & 077) == 0;
    if (safe) return;
    throw EmbeddedError(
        fmt::format("{} can't hold the database's socket: it must be a folder of mode 0700 that belongs to "
                    "{}; remove it",
                    place.sockets.string(), account.name));
}

std::optional<PidFile> read_pid_file(const fs::path& data) {
    std::ifstream file(data / "postmaster.pid");
    std::array<std::string, 8> lines;
    for (std::string& line : lines) {
        if (!std::getline(file, line)) break;
    }
    pid_t pid = 0;
    std::from_chars(lines[0].data(), lines[0].data() + lines[0].size(), pid);
    if (pid <= 0) return std::nullopt;
    return PidFile{pid, lines[4], lines[7].starts_with("ready")};
}

void clear_leftovers(const Place& place, const Account& account) {
    const auto signal_all = [&](int number) {
        for (const pid_t pid : processes_of(place, account)) ::kill(pid, number);
    };
    const std::vector<pid_t> left = processes_of(place, account);
    if (!left.empty()) {
        observe::warning("a PostgreSQL that an earlier Townhall left behind is stopped", {{"processes", left.size()}});
        const std::optional<PidFile> file = read_pid_file(place.data);
        const bool postmaster_lives = file && std::ranges::find(left, file->pid) != left.end();
        bool ended = postmaster_lives && ::kill(file->pid, SIGINT) == 0 && ended_within(10s, place, account);
        for (const int number : {SIGQUIT, SIGKILL}) {
            if (ended) break;
            signal_all(number);
            ended = ended_within(3s, place, account);
        }
        if (!ended) throw EmbeddedError("processes of an earlier PostgreSQL in TOWNHALL_HOME can't be ended");
    }
    // PostgreSQL would take a recycled process id of the same account for a running server.
    for (const fs::path& stale :
         {place.data / "postmaster.pid", place.sockets / ".s.PGSQL.5432", place.sockets / ".s.PGSQL.5432.lock"}) {
        std::error_code ignored;
        fs::remove(stale, ignored);
    }
}

}  // namespace townhall::db::embedded
