#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "app/made_once.hpp"
#include "app/metrics_text.hpp"
#include "platform/api/router.hpp"
#include "platform/db/db.hpp"
#include "platform/storage/store.hpp"

namespace townhall::app {

/// What was last found out about the components, kept for a second: /readyz is open to anybody, and no way to keep the
/// database busy. From any thread.
class LastLook {
  public:
    struct Usable {
        bool database = false;
        bool queue = false;
        bool storage = false;
    };

    /// Nothing where the caller is to look now, and then to `put` what it found: once a second somebody is. The others
    /// are told what was true before.
    [[nodiscard]] std::optional<Usable> get();
    void put(Usable found);

  private:
    std::mutex mutex_;
    std::optional<Usable> found_;
    std::chrono::steady_clock::time_point next_look_;
};

/// What health, readiness and metrics look at. Outlives the router.
struct SystemDeps {
    db::Database& db;
    storage::ObjectStore& store;
    MetricsSources metrics;
    const std::atomic<bool>& ready;  // false while starting and draining
    MadeOnce* contract;              // the OpenAPI document; none where it is not served
    std::string metrics_token;       // empty: /metrics is closed
    std::shared_ptr<LastLook> last_look = std::make_shared<LastLook>();
};

/// GET /healthz, /readyz, /metrics, /version, /openapi.json.
void add_system_routes(api::Router& router, const SystemDeps& deps);
/// GET /healthz, /readyz and, without a token, /metrics: for the listener that the public can't reach.
void add_admin_routes(api::Router& router, const SystemDeps& deps);
[[nodiscard]] std::span<const db::Statement* const> system_queries();

}  // namespace townhall::app
