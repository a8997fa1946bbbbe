#include "platform/storage/local_file.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace townhall::storage {

namespace fs = std::filesystem;
namespace asio = boost::asio;

void throw_failure(int error) {
    switch (error) {
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
            throw StorageFull();
        case ENOENT:
        case ENOTDIR:
            throw NoSuchObject();
        default:
            throw StorageError(fmt::format("the storage failed: {}", std::generic_category().message(error)));
    }
}

void make_folders(const fs::path& folder) {
    if (::mkdir(folder.c_str(), 0700) == 0) return sync_folder(folder.parent_path());
    if (errno == EEXIST) return;
    if (errno != ENOENT || !folder.has_parent_path()) throw_failure(errno);
    make_folders(folder.parent_path());
    if (::mkdir(folder.c_str(), 0700) == 0) return sync_folder(folder.parent_path());
    if (errno != EEXIST) throw_failure(errno);  // else another writer was first
}

void sync_folder(const fs::path& folder) {
    const File opened(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.fd() < 0 || ::fsync(opened.fd()) != 0) throw_failure(errno);
}

File::~File() {
    if (fd_ >= 0) ::close(fd_);
}

File File::open(const fs::path& path) {
    File file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (file.fd_ < 0) throw_failure(errno);
    struct stat status{};
    if (::fstat(file.fd_, &status) != 0) throw_failure(errno);
    if (!S_ISREG(status.st_mode)) throw NoSuchObject();
    return file;
}

std::size_t File::read(std::span<char> buffer) {
    while (true) {
        const ssize_t n = ::read(fd_, buffer.data(), buffer.size());
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno != EINTR) throw_failure(errno);
    }
}

void File::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno != EINTR) {
            throw_failure(errno);
        }
    }
}

void File::sync() {
    if (::fsync(fd_) != 0) throw_failure(errno);
}

std::uint64_t File::size() const {
    struct stat status{};
    if (::fstat(fd_, &status) != 0) throw_failure(errno);
    return static_cast<std::uint64_t>(status.st_size);
}

namespace {

fs::path random_name(const fs::path& folder) {
    std::array<unsigned char, 16> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) throw_failure(errno);
    return folder / fmt::format("{:02x}", fmt::join(bytes, ""));
}

/// Whether the file still has its name: a process that starts may remove it before it is locked.
bool has_name(const File& file) {
    struct stat status{};
    return ::fstat(file.fd(), &status) == 0 && status.st_nlink > 0;
}

File create_locked(const fs::path& path) {
    while (true) {
        File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (file.fd() < 0 || ::flock(file.fd(), LOCK_EX) != 0) throw_failure(errno);
        if (has_name(file)) return file;
    }
}

}  // namespace

TemporaryFile::TemporaryFile(const fs::path& folder) : path_(random_name(folder)), file_(create_locked(path_)) {}

TemporaryFile::~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
}

void TemporaryFile::keep_as(const fs::path& target) {
    file_.sync();
    make_folders(target.parent_path());
    if (::rename(path_.c_str(), target.c_str()) != 0) throw_failure(errno);
    path_.clear();
    sync_folder(target.parent_path());
}

LocalWriter::~LocalWriter() {
    if (!file_) return;
    // Unlinking a large file takes time: not here, if the pool can do it.
    auto file = std::make_shared<TemporaryFile>(*std::move(file_));
    (void)pool_.post([file = std::move(file)]() mutable { file.reset(); });
}

Task<void> LocalWriter::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t n = std::min(bytes.size(), kChunk - buffer_.size());
        buffer_ += bytes.substr(0, n);
        bytes.remove_prefix(n);
        size_ += n;
        if (buffer_.size() == kChunk) co_await write_buffer();
    }
}

Task<void> LocalWriter::write_buffer() {
    bool refused = false;
    try {
        co_await pool_.run([this] { file_->write(buffer_); });
    } catch (const observe::Overloaded&) {
        refused = true;
    }
    if (refused) file_->write(buffer_);
    buffer_.clear();
}

Task<void> LocalWriter::commit() {
    using namespace std::chrono_literals;
    // By now the bytes may have been hours under way: a pool that is full for a moment must not throw them away.
    for (auto wait = 20ms;; wait *= 2) {
        try {
            co_await pool_.run([this] {
                file_->write(buffer_);
                buffer_.clear();
                file_->keep_as(target_);
            });
            break;
        } catch (const observe::Overloaded&) {
            if (wait > 3s) throw;
        }
        asio::steady_timer timer(co_await asio::this_coro::executor, wait);
        co_await timer.async_wait(asio::use_awaitable);
    }
    file_.reset();
}

}  // namespace townhall::storage
