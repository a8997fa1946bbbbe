#include "platform/storage/local_store.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <functional>
#include <set>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>

#include "platform/observe/log.hpp"
#include "platform/storage/local_file.hpp"

namespace townhall::storage {

namespace fs = std::filesystem;

namespace {

/// What stays free for everything else that shares the disk, the database above all.
constexpr std::uint64_t kReserve = 64ULL * 1024 * 1024;

fs::path temporary_folder(const fs::path& root) { return root / ".tmp"; }

std::uint64_t free_bytes_of(const fs::path& root) {
    struct statvfs status{};
    if (::statvfs(root.c_str(), &status) != 0) throw_failure(errno);
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

class LocalReader final : public Reader {
  public:
    LocalReader(File file, std::uint64_t size, observe::CpuPool& pool)
        : file_(std::move(file)), size_(size), pool_(pool) {}

    Task<std::size_t> read(std::span<char> buffer) override {
        try {
            co_return co_await pool_.run([this, buffer] { return file_.read(buffer); });
        } catch (const observe::Overloaded&) {
        }
        co_return file_.read(buffer.first(std::min(buffer.size(), kChunk)));
    }

    [[nodiscard]] std::uint64_t size() const override { return size_; }

  private:
    File file_;
    std::uint64_t size_;
    observe::CpuPool& pool_;
};

/// Goes through a folder's files in no order, depth first. Temporary files and links are passed over.
void each_file(const fs::path& folder, const std::string& prefix,
               const std::function<void(const std::string&, const fs::path&)>& visit) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        const std::string name = entry->path().filename();
        if (name.starts_with('.')) continue;
        const fs::file_status status = entry->symlink_status(error);
        if (error) continue;  // gone in between
        if (fs::is_directory(status)) each_file(entry->path(), prefix + name + "/", visit);
        if (fs::is_regular_file(status)) visit(prefix + name, entry->path());
    }
}

}  // namespace

bool valid_key(std::string_view key) {
    if (key.empty() || key.size() > 512 || key.back() == '/') return false;
    std::size_t part = 0;  // length of the part so far
    for (const char c : key) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (c == '/') {
            if (part == 0) return false;
            part = 0;
        } else if ((plain || (c == '.' && part > 0)) && part < 200) {
            ++part;
        } else {
            return false;
        }
    }
    return key.find("..") == std::string_view::npos;
}

LocalStore::LocalStore(fs::path root, observe::CpuPool& pool) : root_(std::move(root)), pool_(pool) {
    try {
        make_folders(temporary_folder(root_));
        remove_stale_files();
    } catch (const fs::filesystem_error& failure) {
        throw StorageError(fmt::format("can't use the object store: {}", failure.code().message()));
    }
}

fs::path LocalStore::path_of(std::string_view key) const {
    if (!valid_key(key)) throw InvalidKey();
    return root_ / key;
}

std::optional<fs::path> LocalStore::local_path(std::string_view key) const { return path_of(key); }

/// A writer holds a lock on its file, which the kernel lets go when the process dies: whoever gets the lock has found a
/// file that nobody writes.
void LocalStore::remove_stale_files() const {
    std::uint64_t removed = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator(temporary_folder(root_))) {
        const int fd = ::open(entry.path().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0) continue;
        if (::flock(fd, LOCK_EX | LOCK_NB) == 0) removed += ::unlink(entry.path().c_str()) == 0 ? 1 : 0;
        ::close(fd);
    }
    if (removed > 0) observe::info("removed unfinished files of the object store", {{"files", removed}});
}

Task<std::unique_ptr<Writer>> LocalStore::create(std::string key, std::optional<std::uint64_t> expected_size) {
    fs::path target = path_of(key);
    if (expected_size && co_await free_bytes() < *expected_size) throw StorageFull();
    auto open = [this] { return TemporaryFile(temporary_folder(root_)); };
    co_return std::make_unique<LocalWriter>(co_await pool_.run(open), std::move(target), pool_);
}

Task<std::unique_ptr<Reader>> LocalStore::open(std::string key) {
    const fs::path path = path_of(key);
    auto open = [&path] {
        File file = File::open(path);
        const std::uint64_t size = file.size();
        return std::pair(std::move(file), size);
    };
    auto [file, size] = co_await pool_.run(open);
    co_return std::make_unique<LocalReader>(std::move(file), size, pool_);
}

Task<std::optional<std::uint64_t>> LocalStore::size(std::string key) {
    const fs::path path = path_of(key);
    co_return co_await pool_.run([&path]() -> std::optional<std::uint64_t> {
        struct stat status{};
        if (::lstat(path.c_str(), &status) == 0) {
            if (!S_ISREG(status.st_mode)) return std::nullopt;
            return static_cast<std::uint64_t>(status.st_size);
        }
        if (errno != ENOENT && errno != ENOTDIR) throw_failure(errno);
        return std::nullopt;
    });
}

Task<void> LocalStore::remove(std::string key) {
    const fs::path path = path_of(key);
    co_await pool_.run([&path] {
        if (::unlink(path.c_str()) == 0) return sync_folder(path.parent_path());
        if (errno != ENOENT && errno != ENOTDIR) throw_failure(errno);
    });
}

Task<std::vector<Object>> LocalStore::list(std::string prefix, std::string after, std::size_t limit) {
    // A prefix may end within a part, or with a slash: its folder must be sound all the same.
    const std::size_t slash = prefix.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : prefix.substr(0, slash);
    if (!folder.empty() && !valid_key(folder)) throw InvalidKey();
    co_return co_await pool_.run([&] {
        std::set<std::string> keys;  // the smallest `limit` so far
        each_file(root_ / folder, folder.empty() ? "" : folder + "/", [&](const std::string& key, const fs::path&) {
            if (!key.starts_with(prefix) || key <= after || !valid_key(key)) return;
            keys.insert(key);
            if (keys.size() > limit) keys.erase(std::prev(keys.end()));
        });
        std::vector<Object> objects;
        for (const std::string& key : keys) {
            struct stat status{};
            if (::lstat((root_ / key).c_str(), &status) != 0) continue;  // gone in between
            objects.push_back({key, static_cast<std::uint64_t>(status.st_size),
                               std::chrono::system_clock::from_time_t(status.st_mtime)});
        }
        return objects;
    });
}

Task<std::uint64_t> LocalStore::free_bytes() {
    const std::uint64_t free = co_await pool_.run([this] { return free_bytes_of(root_); });
    co_return free > kReserve ? free - kReserve : 0;
}

}  // namespace townhall::storage
