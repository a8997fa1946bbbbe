#include "platform/db/embedded/settings.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fstream>
#include <limits>
#include <string_view>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace townhall::db::embedded {

namespace {

constexpr std::uint64_t kMiB = 1024ULL * 1024;
// PostgreSQL prepares a header for each buffer before it starts: 4 GiB of them took 0.4 s. What doesn't fit is read
// from the kernel's cache.
constexpr std::uint64_t kMostSharedBuffers = 1024;

std::uint64_t limit_in(const char* path) {
    std::ifstream file(path);
    std::uint64_t bytes = 0;
    return file >> bytes && bytes > 0 ? bytes : std::numeric_limits<std::uint64_t>::max();  // "max" is no number
}

// syncfs is told of failed writes since Linux 5.8.
bool kernel_since_5_8() {
    utsname system{};
    int major = 0;
    int minor = 0;
    if (::uname(&system) != 0) return false;
    const std::string_view release = system.release;
    const auto [dot, error] = std::from_chars(release.data(), release.data() + release.size(), major);
    if (error != std::errc() || dot == release.data() + release.size()) return false;
    std::from_chars(dot + 1, release.data() + release.size(), minor);
    return major > 5 || (major == 5 && minor >= 8);
}

std::uint64_t memory_of_machine() {
    const auto installed =
        static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGE_SIZE));
    return std::min(
        {installed, limit_in("/sys/fs/cgroup/memory.max"), limit_in("/sys/fs/cgroup/memory/memory.limit_in_bytes")});
}

}  // namespace

Machine Machine::around(const Place& place) {
    struct statvfs disk{};
    struct statvfs shared{};
    const bool disk_known = ::statvfs(place.home.c_str(), &disk) == 0;
    const bool shared_known = ::statvfs("/dev/shm", &shared) == 0;
    return {memory_of_machine(), disk_known ? disk.f_bavail * disk.f_frsize : 0,
            shared_known ? shared.f_bavail * shared.f_frsize : 0, kernel_since_5_8()};
}

std::string settings_for(const Place& place, const Machine& machine, int major) {
    const std::uint64_t megabytes = machine.memory / kMiB;
    const auto quoted = [](std::string text) {
        for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 2) text.insert(at, 1, '\'');
        return "'" + text + "'";
    };
    return fmt::format(
        R"(# Written by Townhall at every start; put settings of your own into local.conf beside this file.
listen_addresses = ''
unix_socket_directories = {sockets}
unix_socket_permissions = 0700
cluster_name = '{name}'
max_connections = 100

# Memory, from the {megabytes} MB of this machine. Analysis and sorts of an import take maintenance_work_mem.
shared_buffers = {shared_buffers}MB
effective_cache_size = {cache}MB
work_mem = {work}MB
maintenance_work_mem = {maintenance}MB
dynamic_shared_memory_type = {dynamic}
jit = off
random_page_cost = 1.1
effective_io_concurrency = 64

# Nothing acknowledged is lost. There are no replicas, so the log carries only what recovery needs.
fsync = on
synchronous_commit = on
full_page_writes = on
{sync}wal_level = minimal
max_wal_senders = 0
max_logical_replication_workers = 0
# Room for an import of millions of rows between two checkpoints.
max_wal_size = {wal}MB
min_wal_size = 256MB
wal_buffers = 16MB
checkpoint_timeout = 10min
checkpoint_completion_target = 0.9

# The log is for the server's own life: no statement, no parameter, no error of a client's, for these hold people's data.
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] '
log_timezone = 'UTC'
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_statement = 'none'
log_min_duration_statement = -1
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_checkpoints = off
log_autovacuum_min_duration = -1

timezone = 'UTC'
datestyle = 'iso, mdy'
lc_messages = 'C'
default_text_search_config = 'pg_catalog.english'
include = 'local.conf'
)",
        // After a crash PostgreSQL first flushes every file, one by one: 1.5 s with a thousand empty tables.
        fmt::arg("sync", major >= 14 && machine.syncfs_tells_errors ? "recovery_init_sync_method = syncfs\n" : ""),
        fmt::arg("sockets", quoted(place.sockets.string())), fmt::arg("name", place.name),
        fmt::arg("megabytes", megabytes),
        fmt::arg("shared_buffers", std::clamp<std::uint64_t>(megabytes / 5, 32, kMostSharedBuffers)),
        fmt::arg("cache", std::max<std::uint64_t>(megabytes / 2, 64)),
        fmt::arg("work", std::clamp<std::uint64_t>(megabytes / 512, 4, 64)),
        fmt::arg("maintenance", std::clamp<std::uint64_t>(megabytes / 16, 32, 1024)),
        fmt::arg("dynamic", machine.shared_files >= 512 * kMiB ? "posix" : "mmap"),
        fmt::arg("wal", std::clamp<std::uint64_t>(machine.free_disk / kMiB / 10, 512, 4096)));
}

std::string access_rules() { return "# Written by Townhall at every start.\nlocal all all trust\n"; }

}  // namespace townhall::db::embedded
