#pragma once

#include <filesystem>
#include <optional>

#include "platform/db/embedded/process.hpp"

namespace townhall::db::embedded {

struct Binaries {
    int major;
    std::filesystem::path postgres;
    std::filesystem::path initdb;
};

/// The newest PostgreSQL from 13 on, of Debian's folders or of PATH; or exactly the `wanted` major version, the one
/// that made the data folder. Throws EmbeddedError when there is none.
Binaries find_binaries(std::optional<int> wanted, const Account& account);

}  // namespace townhall::db::embedded
