#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include "platform/db/embedded/embedded.hpp"

namespace townhall::db {

std::filesystem::path default_home() {
    if (::geteuid() == 0) return "/var/lib/townhall";
    if (const char* data = std::getenv("XDG_DATA_HOME"); data && *data == '/') {
        return std::filesystem::path(data) / "townhall";
    }
    const char* home = std::getenv("HOME");
    const passwd* entry = home && *home == '/' ? nullptr : ::getpwuid(::geteuid());
    if (entry) home = entry->pw_dir;
    if (!home || *home != '/') throw EmbeddedError("set TOWNHALL_HOME: this account has no home directory");
    return std::filesystem::path(home) / ".local/share/townhall";
}

HomeLock::HomeLock(const std::filesystem::path& home) {
    const std::filesystem::path path = home / "townhall.lock";
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file_ < 0) throw EmbeddedError(fmt::format("can't write in TOWNHALL_HOME ({})", home.string()));
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
        std::array<char, 32> text{};
        const ssize_t got = ::pread(file_, text.data(), text.size() - 1, 0);
        const std::string_view pid(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
        ::close(file_);
        throw EmbeddedError(
            fmt::format("another Townhall (process {}) uses {}: stop it, or give this one a TOWNHALL_HOME "
                        "of its own",
                        pid, home.string()));
    }
    const std::string pid = std::to_string(::getpid());
    if (::ftruncate(file_, 0) != 0 || ::pwrite(file_, pid.data(), pid.size(), 0) < 0) {
        ::close(file_);
        throw EmbeddedError(fmt::format("can't write in TOWNHALL_HOME ({}): is the disk full?", home.string()));
    }
}

HomeLock::~HomeLock() { ::close(file_); }

}  // namespace townhall::db
