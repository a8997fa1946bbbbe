#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "accounts/accounts.hpp"
#include "accounts/sql.hpp"
#include "accounts/types.hpp"
#include "platform/api/etag.hpp"

/// What several operations of this room need.
namespace townhall::accounts {

/// The index that keeps addresses apart, and what is said when it refuses one.
inline constexpr std::string_view kEmailIndex = "users_email";
inline constexpr std::string_view kTaken = "Another account has this e-mail address.";

/// Addresses are compared and kept in lower case (ASCII; other letters are left as they are).
[[nodiscard]] std::string fold_email(std::string_view email);

[[nodiscard]] User to_user(sql::UserRow row);

/// Leaves only roles in campaigns that the viewer belongs to; admins and the user itself see all.
void hide_foreign_roles(User& user, const Principal& viewer, const guard::SnapshotHolder& snapshots);

/// The campaigns that this user manages, as the snapshot has it; empty for admins too.
[[nodiscard]] std::vector<std::int64_t> managed_campaigns(const guard::SnapshotHolder& snapshots, std::int64_t user_id);

/// An entity tag over the whole representation, so it varies with what the viewer may see.
[[nodiscard]] std::string etag_of(const User& user);

/// What a POST that made, or invited, this user answers; `user` is as the viewer may see it.
[[nodiscard]] api::Answer<User> made(User user);

/// 422 for a password that the policy refuses; `email` is folded.
[[nodiscard]] std::optional<api::Error> weak_password(std::string_view pointer, std::string_view password,
                                                      std::string_view email);
/// 422 for roles that name a campaign twice, or one that does not exist.
[[nodiscard]] std::optional<api::Error> doubled_role(const std::vector<RoleItem>& roles);
[[nodiscard]] Task<std::optional<api::Error>> unknown_campaign(db::Database& db, std::vector<RoleItem> roles);

/// `Cache-Control` of answers for staff, and of answers that hold tokens.
inline constexpr std::pair<const char*, const char*> kPrivate{"Cache-Control", "private, no-cache"};
inline constexpr std::pair<const char*, const char*> kNoStore{"Cache-Control", "no-store"};

/// A new session's tokens, and the old ones' successors. `user_id` is read again, so the answer shows it as it is now.
[[nodiscard]] Task<Result<api::Answer<SignedIn>>> signed_in(Deps deps, std::int64_t user_id, db::Uuid session,
                                                            std::string refresh_token);

/// As the database takes it.
[[nodiscard]] inline db::Bytes bytes_of(const guard::Digest& digest) {
    return {std::string(reinterpret_cast<const char*>(digest.data()), digest.size())};
}

/// Runs a password function on the CPU pool; when the pool is full the request is answered 503.
template <class F>
Task<Result<std::invoke_result_t<F&>>> off_thread(observe::CpuPool& cpu, F work) {
    try {
        co_return co_await cpu.run(std::move(work));
    } catch (const observe::Overloaded&) {
        co_return std::unexpected(api::unavailable(2, "Too many sign-ins at once; try again shortly."));
    }
}

}  // namespace townhall::accounts
