#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace townhall::db {

/// As whom a statement runs, and beside whom.
///
/// `owner` runs as DATABASE_URL's role and must name the campaign in its SQL. `of(campaign)` runs behind the fence, as
/// a role that sees that campaign's rows only.
struct Scope {
    std::optional<std::int64_t> campaign;
    /// Writes that can meet on a row share a key and so a lane; 0: the lane of the caller's core.
    std::uint64_t key = 0;
    /// In the pool, with its longer timeouts, in place of a lane.
    bool pooled = false;

    [[nodiscard]] static Scope owner() { return {}; }
    [[nodiscard]] static Scope of(std::int64_t campaign) { return {.campaign = campaign}; }
    /// The same for everyone in a process run; not stable across builds.
    [[nodiscard]] Scope on(std::string_view what) const {
        Scope keyed = *this;
        keyed.key = 14695981039346656037ULL;
        for (const char c : what) keyed.key = (keyed.key ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
        keyed.key ^= keyed.key >> 29;
        if (keyed.key == 0) keyed.key = 1;
        return keyed;
    }
    /// For statements that may take longer than a lane allows.
    [[nodiscard]] Scope slow() const {
        Scope pool = *this;
        pool.pooled = true;
        return pool;
    }
};

}  // namespace townhall::db
