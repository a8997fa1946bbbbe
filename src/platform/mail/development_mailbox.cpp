#include "platform/mail/development_mailbox.hpp"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "platform/mail/mime.hpp"

namespace townhall::mail {

namespace fs = std::filesystem;

namespace {

void write_file(const fs::path& file, std::string_view bytes) {
    auto fail = [] { throw std::system_error(errno, std::generic_category(), "mailbox"); };
    // One of this name may be left over from a process of the same number.
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) fail();
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            const int error = errno;
            ::close(fd);
            ::unlink(file.c_str());
            errno = error;
            fail();
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    ::close(fd);
}

/// A name that no other thread or process uses.
fs::path temporary_name(const fs::path& folder) {
    static std::atomic<std::uint64_t> made{0};
    return folder / fmt::format(".{}-{}.tmp", ::getpid(), made.fetch_add(1));
}

}  // namespace

DevelopmentMailbox::DevelopmentMailbox(fs::path folder, observe::CpuPool& pool, const observe::Clock& clock)
    : folder_(std::move(folder)), pool_(pool), clock_(clock) {
    fs::create_directories(folder_);
    fs::permissions(folder_, fs::perms::owner_all);
}

Task<std::vector<std::optional<std::string>>> DevelopmentMailbox::send_all(std::vector<Message> messages) {
    std::vector<std::optional<std::string>> refusals(messages.size());
    co_await pool_.run([&] {
        for (std::size_t i = 0; i < messages.size(); ++i) {
            try {
                put(messages[i]);
            } catch (const BadMessage& refusal) {
                refusals[i] = refusal.what();
            }
        }
    });
    co_return refusals;
}

void DevelopmentMailbox::put(const Message& message) const {
    const std::string eml = to_eml(message, clock_.now());
    const fs::path file = folder_ / (message.id + ".eml");
    if (fs::exists(file)) return;
    const fs::path temporary = temporary_name(folder_);
    write_file(temporary, eml);
    fs::rename(temporary, file);
}

}  // namespace townhall::mail
