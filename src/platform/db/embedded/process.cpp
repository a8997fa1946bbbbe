#include "platform/db/embedded/process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <grp.h>
#include <pwd.h>
#include <sstream>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include "platform/db/embedded/embedded.hpp"
#include "platform/db/embedded/file.hpp"

namespace townhall::db::embedded {

namespace {

constexpr std::size_t kLongestOutput = 64 * 1024;
constexpr int kCannotExecute = 127;

// Everything below runs between fork and exec of a process with threads: only system calls, no allocation, and not
// glibc's setuid family, which signals threads that the child doesn't have.
bool become(const Account& account) {
    if (!account.drop) return true;
    return ::syscall(SYS_setgroups, account.groups.size(), account.groups.data()) == 0 &&
           ::syscall(SYS_setresgid, account.group, account.group, account.group) == 0 &&
           ::syscall(SYS_setresuid, account.user, account.user, account.user) == 0;
}

void restore_signals() {
    struct sigaction standard{};
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become_program(const Program& program, const Account& account, pid_t parent, char* const* arguments,
                                 char* const* environment) {
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0) ::_exit(kCannotExecute);
    ::dup2(program.input >= 0 ? program.input : nothing, STDIN_FILENO);
    ::dup2(program.output >= 0 ? program.output : nothing, STDOUT_FILENO);
    ::dup2(program.output >= 0 ? program.output : nothing, STDERR_FILENO);
    ::syscall(SYS_close_range, 3U, ~0U, 0U);
    ::setsid();
    ::umask(077);
    restore_signals();
    if (::chdir("/") != 0 || !become(account)) ::_exit(kCannotExecute);
    // After the change of account, which clears it. The parent may have died before.
    ::prctl(PR_SET_PDEATHSIG, program.death_signal);
    if (::getppid() != parent) ::_exit(kCannotExecute);
    ::execve(arguments[0], arguments, environment);
    ::_exit(kCannotExecute);
}

std::vector<char*> c_strings(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (std::string& text : strings) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

File memory_file(std::string_view content) {
    File file(::memfd_create("townhall", MFD_CLOEXEC));
    if (!file) throw std::system_error(errno, std::generic_category(), "memfd_create");
    while (!content.empty()) {
        const ssize_t written = ::write(file.get(), content.data(), content.size());
        if (written < 0) throw std::system_error(errno, std::generic_category(), "write");
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    ::lseek(file.get(), 0, SEEK_SET);
    return file;
}

std::string tail_of(const File& file) {
    const off_t size = ::lseek(file.get(), 0, SEEK_END);
    const off_t from = std::max<off_t>(0, size - static_cast<off_t>(kLongestOutput));
    std::string text(static_cast<std::size_t>(size - from), '\0');
    const ssize_t got = ::pread(file.get(), text.data(), text.size(), from);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

}  // namespace

Account Account::for_postgres() {
    if (::geteuid() != 0) return {::geteuid(), ::getegid(), {}, "the current user", false};
    const char* const name = "postgres";
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found) != 0 || !found) {
        throw EmbeddedError(
            "PostgreSQL doesn't run as root, and there is no account 'postgres' to run it as: install postgresql, "
            "start "
            "Townhall as an ordinary user, or set DATABASE_URL");
    }
    std::array<gid_t, 256> groups{};
    int count = static_cast<int>(groups.size());
    if (::getgrouplist(name, found->pw_gid, groups.data(), &count) < 0) count = 0;
    return {found->pw_uid, found->pw_gid, {groups.begin(), groups.begin() + count}, name, true};
}

pid_t launch(const Program& program, const Account& account) {
    std::vector<std::string> arguments = program.arguments;
    std::vector<std::string> environment{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", "PGTZ=UTC"};
    const std::vector<char*> argv = c_strings(arguments);
    const std::vector<char*> envp = c_strings(environment);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (child == 0) become_program(program, account, parent, argv.data(), envp.data());
    return child;
}

Finished run_to_end(std::vector<std::string> arguments, const Account& account, std::string_view input) {
    const File in = memory_file(input);
    const File out = memory_file({});
    const Program program{std::move(arguments), in.get(), out.get(), SIGKILL};
    const pid_t child = launch(program, account);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "waitpid");
    }
    return {WIFEXITED(status) && WEXITSTATUS(status) == 0, tail_of(out)};
}

std::filesystem::path first_closed(const std::vector<std::filesystem::path>& paths, const Account& account) {
    // Asked of the kernel as that account: modes alone don't tell of access lists.
    const pid_t child = ::fork();
    if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (child == 0) {
        if (!become(account)) ::_exit(0);
        int index = 0;
        for (const auto& path : paths) {
            if (::access(path.c_str(), X_OK) != 0) ::_exit(index);
            ++index;
        }
        ::_exit(255);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    const auto index = static_cast<std::size_t>(WIFEXITED(status) ? WEXITSTATUS(status) : 0);
    return index < paths.size() ? paths[index] : std::filesystem::path();
}

std::vector<pid_t> find_processes(const Account& account, const std::function<bool(std::string_view)>& matches) {
    std::vector<pid_t> found;
    std::error_code error;
    for (std::filesystem::directory_iterator entry("/proc", error), end; entry != end; entry.increment(error)) {
        const std::filesystem::path process = entry->path();
        const std::string name = process.filename().string();
        pid_t pid = 0;
        const auto [rest, fault] = std::from_chars(name.data(), name.data() + name.size(), pid);
        struct stat status{};
        if (fault != std::errc() || rest != name.data() + name.size()) continue;
        if (::stat(process.c_str(), &status) != 0 || status.st_uid != account.user) continue;
        std::ifstream file(process / "cmdline", std::ios::binary);
        std::ostringstream command;  // empty where the process ends while it is read; reading by iterators would throw
        command << file.rdbuf();
        if (const std::string text = command.str(); !text.empty() && matches(text)) found.push_back(pid);
    }
    return found;
}

}  // namespace townhall::db::embedded
