#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "platform/guard/principal.hpp"
#include "platform/guard/uuid.hpp"
#include "platform/newest.hpp"

namespace townhall::guard {

using SteadyClock = std::chrono::steady_clock;

/// Nobody is let in by a snapshot older than this: with a reload every two seconds, a revoked role or session stops
/// working within five. The rest of a second is for a loaded machine.
inline constexpr std::chrono::milliseconds kSnapshotMaxAge{5'500};

struct Membership {
    std::int64_t user_id;
    std::int64_t campaign_id;
    Role role;

    friend auto operator<=>(const Membership&, const Membership&) = default;
};

struct UserAccess {
    std::int64_t user_id;
    bool is_admin;
    bool is_editor;

    friend auto operator<=>(const UserAccess&, const UserAccess&) = default;
};

/// What the database said about who may do what. Users who are disabled or deleted are absent.
struct AccessData {
    std::vector<UserAccess> users;
    std::vector<Membership> memberships;  // of campaigns that are not hidden
    std::vector<Uuid> revoked;            // sessions whose access tokens may still be alive
    std::vector<std::int64_t> campaigns;  // that are not hidden

    friend bool operator==(const AccessData&, const AccessData&) = default;
};

/// AccessData, indexed. Immutable.
class Snapshot {
  public:
    explicit Snapshot(AccessData data);

    struct User {
        bool is_admin;
        bool is_editor;
        std::span<const Membership> memberships;  // by campaign
    };
    [[nodiscard]] const User* user(std::int64_t user_id) const;
    [[nodiscard]] static std::optional<Role> role_in(const User& user, std::int64_t campaign_id);
    [[nodiscard]] bool revoked(const Uuid& session) const { return !revoked_.empty() && revoked_.contains(session); }
    [[nodiscard]] bool has_campaign(std::int64_t id) const { return std::ranges::binary_search(data_.campaigns, id); }
    [[nodiscard]] const AccessData& data() const { return data_; }

  private:
    AccessData data_;
    std::unordered_map<std::int64_t, User> users_;
    std::unordered_set<Uuid, UuidHash> revoked_;
};

/// The newest snapshot, for every thread, and how old it is. Reading takes no lock.
class SnapshotHolder {
  public:
    SnapshotHolder();

    /// Puts what a load brought in place. `as_of`: when the load's statement was sent. Equal data only renews the age;
    /// a load that was sent earlier than the one in place changes nothing.
    void put(AccessData data, SteadyClock::time_point as_of);

    /// The newest snapshot, or null before the first load. Valid until this thread calls `current` again: use it before
    /// the next suspension, and keep nothing of it.
    [[nodiscard]] const Snapshot* current() const { return newest_.get(); }

    /// When the data of `current` was asked for.
    [[nodiscard]] SteadyClock::time_point as_of() const {
        return SteadyClock::time_point(SteadyClock::duration(as_of_.load(std::memory_order_acquire)));
    }
    [[nodiscard]] bool fresh(SteadyClock::time_point now) const { return now - as_of() <= kSnapshotMaxAge; }

  private:
    std::mutex put_;  // one at a time
    Newest<Snapshot> newest_;
    std::atomic<SteadyClock::rep> as_of_;
};

}  // namespace townhall::guard
