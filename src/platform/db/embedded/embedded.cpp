#include "platform/db/embedded/embedded.hpp"

#include <algorithm>
#include <sys/stat.h>

#include "platform/db/embedded/binaries.hpp"
#include "platform/db/embedded/data_folder.hpp"
#include "platform/db/embedded/place.hpp"
#include "platform/db/embedded/process.hpp"
#include "platform/db/embedded/supervisor.hpp"
#include "platform/observe/log.hpp"

namespace townhall::db {

EmbeddedPostgres::EmbeddedPostgres(EmbeddedOptions options) : options_(std::move(options)) {}

EmbeddedPostgres::~EmbeddedPostgres() { stop(); }

std::string EmbeddedPostgres::start() {
    if (supervisor_) throw EmbeddedError("the embedded PostgreSQL is started already");
    const embedded::Account account = embedded::Account::for_postgres();
    const embedded::Place place = embedded::Place::of(options_.home);
    embedded::open_home(place, account);
    auto lock = std::make_unique<HomeLock>(place.home);
    embedded::clear_leftovers(place, account);
    const std::optional<int> version = embedded::version_of(place, account);
    const embedded::Binaries binaries = embedded::find_binaries(version, account);
    if (!version) {
        observe::info("making the database for the first time", {{"folder", place.data.string()}});
        embedded::create_data_folder(place, binaries, account);
    }
    embedded::open_sockets(place, account);
    embedded::write_settings(place, binaries, account);
    auto supervisor = std::make_unique<Supervisor>(place, account, binaries, options_, observed_);
    supervisor->await_ready();
    lock_ = std::move(lock);
    supervisor_ = std::move(supervisor);
    return place.conninfo(place.sockets);
}

void EmbeddedPostgres::stop() {
    supervisor_.reset();
    lock_.reset();
}

bool EmbeddedPostgres::running() const { return observed_.ready; }

pid_t EmbeddedPostgres::pid() const { return observed_.pid; }

std::optional<std::string> running_conninfo(const std::filesystem::path& home) {
    const embedded::Place place = embedded::Place::of(home);
    struct stat status{};
    if (::stat(place.data.c_str(), &status) != 0) return std::nullopt;
    const auto file = embedded::read_pid_file(place.data);
    if (!file || !file->ready) return std::nullopt;
    // The number alone may be another process's by now.
    const embedded::Account owner{status.st_uid, status.st_gid, {}, {}, false};
    const auto found = embedded::find_processes(owner, [&](std::string_view command) { return place.owns(command); });
    if (std::ranges::find(found, file->pid) == found.end()) return std::nullopt;
    return place.conninfo(file->sockets);
}

}  // namespace townhall::db
