#include "platform/guard/snapshot.hpp"

#include <algorithm>
#include <limits>

namespace townhall::guard {

Snapshot::Snapshot(AccessData data) : data_(std::move(data)) {
    std::ranges::sort(data_.users);
    std::ranges::sort(data_.memberships);
    std::ranges::sort(data_.revoked);
    std::ranges::sort(data_.campaigns);
    users_.reserve(data_.users.size());
    for (const UserAccess& user : data_.users) {
        const auto mine = std::ranges::equal_range(data_.memberships, user.user_id, {}, &Membership::user_id);
        users_.emplace(user.user_id, User{user.is_admin, user.is_editor, {mine.begin(), mine.end()}});
    }
    revoked_.insert(data_.revoked.begin(), data_.revoked.end());
}

const Snapshot::User* Snapshot::user(std::int64_t user_id) const {
    const auto found = users_.find(user_id);
    return found == users_.end() ? nullptr : &found->second;
}

std::optional<Role> Snapshot::role_in(const User& user, std::int64_t campaign_id) {
    const auto found = std::ranges::lower_bound(user.memberships, campaign_id, {}, &Membership::campaign_id);
    if (found == user.memberships.end() || found->campaign_id != campaign_id) return std::nullopt;
    return found->role;
}

SnapshotHolder::SnapshotHolder() : as_of_(std::numeric_limits<SteadyClock::rep>::min() / 2) {}

void SnapshotHolder::put(AccessData data, SteadyClock::time_point when) {
    auto next = std::make_shared<const Snapshot>(std::move(data));
    const std::lock_guard lock(put_);
    if (when < as_of()) return;
    if (const Snapshot* now = newest_.get(); !now || now->data() != next->data()) newest_.put(std::move(next));
    as_of_.store(when.time_since_epoch().count(), std::memory_order_release);
}

}  // namespace townhall::guard
