#include "app/database.hpp"

#include <thread>

#include "platform/db/migrate/migration.hpp"
#include "platform/db/sync/connection.hpp"
#include "platform/db/sync/errors.hpp"
#include "platform/observe/log.hpp"

namespace townhall::app {

OpenDatabase::OpenDatabase(const Configuration& configuration, bool beside_server) {
    if (!configuration.database_url.empty()) {
        conninfo_ = configuration.database_url;
        return;
    }
    if (beside_server) {
        if (auto running = db::running_conninfo(configuration.home)) {
            conninfo_ = *std::move(running);
            return;
        }
    }
    embedded_ = std::make_unique<db::EmbeddedPostgres>(db::EmbeddedOptions{.home = configuration.home});
    conninfo_ = embedded_->start();
}

void OpenDatabase::upgrade() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (;;) {
        try {
            db::Connection connection(conninfo_);
            for (const auto& step : db::migrate::upgrade(connection, db::migrate::embedded()))
                observe::info("migration applied", {{"version", step.version}, {"name", step.name}});
            return;
        } catch (const db::ConnectionLost&) {
            if (std::chrono::steady_clock::now() > deadline) throw;
            observe::warning("the database does not answer yet; trying again");
        }
        std::this_thread::sleep_for(std::chrono::seconds(1));
    }
}

}  // namespace townhall::app
