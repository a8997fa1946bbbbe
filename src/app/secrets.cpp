#include "app/secrets.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <system_error>
#include <unistd.h>

#include "platform/guard/hash.hpp"
#include "platform/guard/random.hpp"

namespace townhall::app {

namespace {

std::string new_key() { return guard::base64url(guard::random_array<48>()); }

/// Two lines: SECRET_KEY and JWT_SECRET_KEY. The first of several processes writes them; the others read.
std::pair<std::string, std::string> kept_keys(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor >= 0) {
        const std::string text = new_key() + '\n' + new_key() + '\n';
        const auto written = ::write(descriptor, text.data(), text.size());
        ::fsync(descriptor);
        ::close(descriptor);
        if (written != static_cast<ssize_t>(text.size()))
            throw std::system_error(EIO, std::system_category(), "can't write " + file.string());
    } else if (errno != EEXIST) {
        throw std::system_error(errno, std::system_category(), "can't write " + file.string());
    }
    std::ifstream in(file);
    std::pair<std::string, std::string> keys;
    std::getline(in, keys.first);
    std::getline(in, keys.second);
    if (keys.second.size() < 32)
        throw std::system_error(EINVAL, std::system_category(), file.string() + " is damaged: remove it");
    return keys;
}

}  // namespace

Secrets load_secrets(const Configuration& configuration) {
    Secrets out{configuration.secret_key, configuration.token_keys};
    if (!out.secret_key.empty() && !out.token_keys.empty()) return out;
    std::filesystem::create_directories(configuration.home);
    auto [secret_key, token_key] = kept_keys(configuration.home / "secrets");
    if (out.secret_key.empty()) out.secret_key = std::move(secret_key);
    if (out.token_keys.empty()) out.token_keys.push_back(std::move(token_key));
    return out;
}

}  // namespace townhall::app
