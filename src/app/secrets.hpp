#pragma once

#include <string>
#include <vector>

#include "app/configuration.hpp"

namespace townhall::app {

/// The keys in force: those configured; in development and testing, for what is missing, keys made once and kept in
/// `$TOWNHALL_HOME/secrets` (mode 0600), so that tokens outlive a restart. Throws std::system_error.
struct Secrets {
    std::string secret_key;
    std::vector<std::string> token_keys;
};
[[nodiscard]] Secrets load_secrets(const Configuration& configuration);

}  // namespace townhall::app
