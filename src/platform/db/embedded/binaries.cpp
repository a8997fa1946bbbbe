#include "platform/db/embedded/binaries.hpp"

#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "platform/db/embedded/embedded.hpp"

namespace townhall::db::embedded {

namespace fs = std::filesystem;

namespace {

constexpr int kOldest = 13;

int leading_number(std::string_view text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

bool executable(const fs::path& path) { return ::access(path.c_str(), X_OK) == 0; }

std::vector<Binaries> debians() {
    std::vector<Binaries> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
        const fs::path bin = entry.path() / "bin";
        const int major = leading_number(entry.path().filename().native());
        if (major >= kOldest && executable(bin / "postgres") && executable(bin / "initdb")) {
            found.push_back({major, bin / "postgres", bin / "initdb"});
        }
    }
    return found;
}

std::optional<Binaries> in_path(const Account& account) {
    const char* variable = std::getenv("PATH");
    std::string_view rest = variable ? variable : "";
    while (!rest.empty()) {
        const std::size_t end = rest.find(':');
        const fs::path bin(rest.substr(0, end));
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (!bin.is_absolute() || !executable(bin / "postgres") || !executable(bin / "initdb")) continue;
        // "postgres (PostgreSQL) 15.8 (…)"
        const Finished answer = run_to_end({(bin / "postgres").string(), "--version"}, account);
        const std::size_t at = answer.output.find(") ");
        const int major = at == std::string::npos ? 0 : leading_number(std::string_view(answer.output).substr(at + 2));
        if (major >= kOldest) return Binaries{major, bin / "postgres", bin / "initdb"};
    }
    return std::nullopt;
}

}  // namespace

Binaries find_binaries(std::optional<int> wanted, const Account& account) {
    std::optional<Binaries> best;
    const auto consider = [&](const Binaries& candidate) {
        if (wanted && candidate.major != *wanted) return;
        if (!best || candidate.major > best->major) best = candidate;
    };
    for (const Binaries& candidate : debians()) consider(candidate);
    if (!best) {
        if (const auto candidate = in_path(account)) consider(*candidate);
    }
    if (best) return *best;
    if (wanted) {
        throw EmbeddedError(
            fmt::format("the data folder was made by PostgreSQL {0}, which is not installed: install "
                        "postgresql-{0}, or move the data with pg_dumpall or pg_upgrade",
                        *wanted));
    }
    throw EmbeddedError(
        fmt::format("no PostgreSQL {} or newer is installed: install it (Debian: apt install "
                    "postgresql-15), or set DATABASE_URL",
                    kOldest));
}

}  // namespace townhall::db::embedded
