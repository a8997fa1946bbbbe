#pragma once

#include <memory>
#include <string>

#include "app/configuration.hpp"
#include "platform/db/embedded/embedded.hpp"

namespace townhall::app {

/// The database that a program works on: the one of DATABASE_URL, or the embedded one. A command beside a running
/// server uses the server's; without one it starts the embedded PostgreSQL itself, and stops it at the end.
class OpenDatabase {
  public:
    /// `beside_server`: whether another process's embedded database may be used. Throws db::EmbeddedError.
    OpenDatabase(const Configuration& configuration, bool beside_server);

    [[nodiscard]] const std::string& conninfo() const { return conninfo_; }

    /// Applies pending migrations, waiting a while for a database that is still starting. Throws.
    void upgrade() const;

  private:
    std::unique_ptr<db::EmbeddedPostgres> embedded_;
    std::string conninfo_;
};

}  // namespace townhall::app
