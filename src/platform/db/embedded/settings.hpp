#pragma once

#include <cstdint>
#include <string>

#include "platform/db/embedded/place.hpp"

namespace townhall::db::embedded {

/// What the machine gives us.
struct Machine {
    std::uint64_t memory;        // bytes, the container's limit where there is one
    std::uint64_t free_disk;     // bytes, where the data lies
    std::uint64_t shared_files;  // bytes of /dev/shm; a container has 64 MiB unless told otherwise
    bool syncfs_tells_errors;    // the kernel's flush of a whole file system can be relied on

    static Machine around(const Place& place);
};

/// The whole postgresql.conf.
std::string settings_for(const Place& place, const Machine& machine, int major);

/// The whole pg_hba.conf; the reason is in embedded.hpp.
std::string access_rules();

}  // namespace townhall::db::embedded
