#pragma once

#include <optional>

#include "platform/db/embedded/binaries.hpp"
#include "platform/db/embedded/place.hpp"

namespace townhall::db::embedded {

/// The major version that made the data folder; nothing where there is none yet. Throws EmbeddedError when it belongs
/// to another account.
std::optional<int> version_of(const Place& place, const Account& account);

/// Makes the data folder with the owner's role and database in it. It appears under its name only when it is whole and
/// on the disk, so one that exists is complete, whatever interrupted its making.
void create_data_folder(const Place& place, const Binaries& binaries, const Account& account);

/// Writes postgresql.conf and pg_hba.conf anew: the machine may have other memory, and we may be a newer version.
void write_settings(const Place& place, const Binaries& binaries, const Account& account);

}  // namespace townhall::db::embedded
