#include "platform/db/embedded/data_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/db/embedded/embedded.hpp"
#include "platform/db/embedded/file.hpp"
#include "platform/db/embedded/settings.hpp"

namespace townhall::db::embedded {

namespace fs = std::filesystem;

namespace {

// Not a superuser, as on any hosted PostgreSQL: what works here works there. It may make roles, which the first
// migration does, and owns the database, which lets it add trusted extensions.
constexpr std::string_view kFirstStatements =
    "create role townhall login createrole\n"
    "create database townhall owner townhall\n";

void require(const Finished& finished, std::string_view what) {
    if (finished.succeeded) return;
    throw EmbeddedError(fmt::format("{} failed: {}", what, finished.output));
}

// By a name that the running server never sees, then renamed: it never reads half a file.
void write_whole(const fs::path& path, std::string_view text, const Account& account) {
    const fs::path fresh = path.native() + ".new";
    const File file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    const bool written = file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                         (!account.drop || ::fchown(file.get(), account.user, account.group) == 0) &&
                         ::rename(fresh.c_str(), path.c_str()) == 0;
    if (!written) throw EmbeddedError(fmt::format("can't write {}: is the disk full?", path.string()));
}

void write_through(const fs::path& folder, int (*flush)(int)) {
    const File opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened || flush(opened.get()) != 0) {
        throw EmbeddedError(fmt::format("can't write {} to the disk", folder.string()));
    }
}

}  // namespace

std::optional<int> version_of(const Place& place, const Account& account) {
    struct stat status{};
    if (::stat(place.data.c_str(), &status) != 0) return std::nullopt;
    if (status.st_uid != account.user) {
        throw EmbeddedError(
            fmt::format("the data folder {} belongs to another account than {}, as which PostgreSQL would "
                        "run: start Townhall as the account that made it, or chown -R it",
                        place.data.string(), account.name));
    }
    std::ifstream file(place.data / "PG_VERSION");
    int major = 0;
    if (!(file >> major)) {
        throw EmbeddedError(fmt::format("{} is not a data folder of PostgreSQL's: move it away", place.data.string()));
    }
    return major;
}

void create_data_folder(const Place& place, const Binaries& binaries, const Account& account) {
    const fs::path fresh = place.data.native() + ".new";
    fs::remove_all(fresh);
    if (::mkdir(fresh.c_str(), 0700) != 0 ||
        (account.drop && ::chown(fresh.c_str(), account.user, account.group) != 0)) {
        throw EmbeddedError(fmt::format("can't make {}", fresh.string()));
    }
    // No checksums: with them the first reading of every page after an import logs the whole page (its hint bits), and
    // one machine without a replica could only report the damage. No syncing file by file: all at once below.
    require(run_to_end({binaries.initdb.string(), "-D", fresh.string(), "--username=postgres", "--auth=trust",
                        "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"},
                       account),
            "making the data folder (initdb)");
    Finished single = run_to_end({binaries.postgres.string(), "--single", "-F", "-D", fresh.string(), "template1"},
                                 account, kFirstStatements);
    // Refused statements don't change its exit status.
    single.succeeded = single.succeeded && !single.output.contains("ERROR:");
    require(single, "making the database");
    write_through(fresh, ::syncfs);
    fs::rename(fresh, place.data);
    write_through(place.home, ::fsync);
}

void write_settings(const Place& place, const Binaries& binaries, const Account& account) {
    write_whole(place.data / "postgresql.conf", settings_for(place, Machine::around(place), binaries.major), account);
    write_whole(place.data / "pg_hba.conf", access_rules(), account);
    const fs::path local = place.data / "local.conf";
    if (!fs::exists(local)) write_whole(local, "", account);
}

}  // namespace townhall::db::embedded
