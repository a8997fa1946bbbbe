#include <array>

#include "accounts/operations.hpp"

namespace townhall::accounts {

void add_routes(api::Router& router, const Deps& deps) {
    router.add(kLogIn, deps, &log_in);
    router.add(kRefresh, deps, &refresh);
    router.add(kLogOut, deps, &log_out);
    router.add(kMe, deps, &me);
    router.add(kChangePassword, deps, &change_password);
    router.add(kForgot, deps, &forgot);
    router.add(kReset, deps, &reset);
    router.add(kListSessions, deps, &list_sessions);
    router.add(kEndSessions, deps, &end_sessions);
    router.add(kEndSession, deps, &end_session);
    router.add(kListUsers, deps, &list_users);
    router.add(kCreateUser, deps, &create_user);
    router.add(kInviteUser, deps, &invite_user);
    router.add(kGetUser, deps, &get_user);
    router.add(kReplaceUser, deps, &replace_user);
    router.add(kUpdateUser, deps, &update_user);
    router.add(kDeleteUser, deps, &delete_user);
    router.add(kListAudit, deps, &list_audit);
    add_password_page(router);
}

std::span<const db::Statement* const> queries() {
    static constexpr std::array kAll = std::to_array<const db::Statement*>(
        {&sql::kFindUser,   &sql::kLockUser,      &sql::kFindLogin,      &sql::kFindPassword,  &sql::kStartSession,
         &sql::kRehash,     &sql::kRotate,        &sql::kLogOutSession,  &sql::kLogOutToken,   &sql::kSessions,
         &sql::kEndSession, &sql::kEndSessions,   &sql::kChangePassword, &sql::kInsertUser,    &sql::kCampaigns,
         &sql::kSetRole,    &sql::kDropRole,      &sql::kUpdateUser,     &sql::kDeleteUser,    &sql::kLockAdmins,
         &sql::kLoadAccess, &sql::kSignInRefused, &sql::kAskForLink,     &sql::kInvite,        &sql::kOpenLink,
         &sql::kFindLink,   &sql::kReset,         &sql::kFindByEmail,    &sql::kTellOldAddress});
    return kAll;
}

}  // namespace townhall::accounts
