#include <algorithm>
#include <cctype>
#include <charconv>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "platform/db/migrate/migration.hpp"

namespace townhall::db::migrate {

namespace {

constexpr std::size_t kLongestName = 60;
constexpr int kLastNumber = 9999;

std::string name_of(std::string_view message) {
    std::string name;
    for (const char c : message) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80 && std::isalnum(byte)) {
            name += static_cast<char>(std::tolower(byte));
        } else if (!name.empty() && name.back() != '_') {
            name += '_';
        }
    }
    name.resize(std::min(name.size(), kLongestName));
    while (!name.empty() && name.back() == '_') name.pop_back();
    if (name.empty()) throw MigrationError("the message must hold letters or digits: the files are named after it");
    return name;
}

int last_number(const std::filesystem::path& folder) {
    int last = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string file = entry.path().filename().string();
        int number = 0;
        const auto [end, error] = std::from_chars(file.data(), file.data() + file.size(), number);
        if (error == std::errc() && file.ends_with(".sql")) last = std::max(last, number);
    }
    return last;
}

void write_new(const std::filesystem::path& path, std::string_view text) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    const bool written = file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (file >= 0) ::close(file);
    if (!written) throw MigrationError(fmt::format("can't write {}", path.string()));
}

}  // namespace

Pair write_pair(const std::filesystem::path& folder, std::string_view message) {
    const std::string name = name_of(message);
    std::filesystem::create_directories(folder);
    const int number = last_number(folder) + 1;
    if (number > kLastNumber) throw MigrationError("no number is left: migrations are numbered up to 9999");
    const std::string stem = fmt::format("{:04}_{}", number, name);
    Pair pair{folder / (stem + ".up.sql"), folder / (stem + ".down.sql")};
    write_new(pair.up, "");
    write_new(pair.down, "");
    return pair;
}

}  // namespace townhall::db::migrate
