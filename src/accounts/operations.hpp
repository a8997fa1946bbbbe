#pragma once

#include "accounts/answers.hpp"
#include "accounts/audit_items.hpp"
#include "accounts/link_sql.hpp"

/// The operations of this room, one file each, and their endpoints.
namespace townhall::accounts {

/// An account's address and password hash, as the latter was verified.
struct KnownPassword {
    std::string email;
    std::string hash;
};

Task<Result<api::Answer<SignedIn>>> log_in(Deps deps, api::Context& context, LogIn in);
inline constexpr api::Endpoint<LogIn, SignedIn> kLogIn{.verb = api::post,
                                                       .path = "/api/v1/auth/login",
                                                       .summary = "Sign in",
                                                       .who = api::Who::anyone,
                                                       .errors = {&kWrongCredentials, &api::kTooManyRequests},
                                                       .body_limit = 16 * 1024,
                                                       .secret = true};

Task<Result<api::Answer<SignedIn>>> refresh(Deps deps, api::Context& context, RefreshToken in);
inline constexpr api::Endpoint<RefreshToken, SignedIn> kRefresh{.verb = api::post,
                                                                .path = "/api/v1/auth/refresh",
                                                                .summary = "Trade a refresh token for new tokens",
                                                                .who = api::Who::anyone,
                                                                .errors = {&kWrongRefreshToken},
                                                                .body_limit = 16 * 1024,
                                                                .secret = true};

Task<Result<api::Answer<api::Nothing>>> log_out(Deps deps, api::Context& context);
inline constexpr api::Endpoint<api::Nothing, api::Nothing> kLogOut{
    .verb = api::post,
    .path = "/api/v1/auth/logout",
    .summary = "Sign out: by the access token, or by {\"refresh_token\"} in the body",
    .who = api::Who::anyone,
    .success = 204,
    .errors = {&api::kUnauthorized},
    .raw_body =
        R"({"required":false,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/RefreshToken"}}}})"};

Task<Result<api::Answer<User>>> me(Deps deps, Principal who);
inline constexpr api::Endpoint<api::Nothing, User> kMe{
    .verb = api::get, .path = "/api/v1/auth/me", .summary = "The signed-in user", .who = api::Who::signed_in};

Task<Result<api::Answer<api::Nothing>>> change_password(Deps deps, api::Context& context, ChangePassword in);
inline constexpr api::Endpoint<ChangePassword, api::Nothing> kChangePassword{
    .verb = api::post,
    .path = "/api/v1/auth/password",
    .summary = "Change one's password; ends the other sessions",
    .who = api::Who::signed_in,
    .success = 204,
    .errors = {&api::kTooManyRequests, &api::kConflict},
    .body_limit = 16 * 1024};

Task<Result<api::Nothing>> forgot(Deps deps, api::Context& context, Forgot in);
inline constexpr api::Endpoint<Forgot, api::Nothing> kForgot{
    .verb = api::post,
    .path = "/api/v1/auth/forgot",
    .summary = "Ask for a link to set a new password, by mail; the answer is the same for an unknown address",
    .who = api::Who::anyone,
    .success = 204,
    .errors = {&api::kTooManyRequests},
    .body_limit = 16 * 1024};

Task<Result<api::Nothing>> reset(Deps deps, api::Context& context, Reset in);
inline constexpr api::Endpoint<Reset, api::Nothing> kReset{
    .verb = api::post,
    .path = "/api/v1/auth/reset",
    .summary = "Set a password by the token of a mailed link; ends all sessions",
    .who = api::Who::anyone,
    .success = 204,
    .errors = {&api::kTooManyRequests},
    .body_limit = 16 * 1024};

Task<Result<api::Answer<Sessions>>> list_sessions(Deps deps, Principal who);
inline constexpr api::Endpoint<api::Nothing, Sessions> kListSessions{
    .verb = api::get, .path = "/api/v1/auth/sessions", .summary = "Where one is signed in", .who = api::Who::signed_in};
Task<Result<api::Nothing>> end_sessions(Deps deps, api::Context& context);
inline constexpr api::Endpoint<api::Nothing, api::Nothing> kEndSessions{.verb = api::del,
                                                                        .path = "/api/v1/auth/sessions",
                                                                        .summary = "Sign out everywhere, here too",
                                                                        .who = api::Who::signed_in,
                                                                        .success = 204};
Task<Result<api::Nothing>> end_session(Deps deps, api::Context& context, SessionId in);
inline constexpr api::Endpoint<SessionId, api::Nothing> kEndSession{.verb = api::del,
                                                                    .path = "/api/v1/auth/sessions/{id}",
                                                                    .summary = "End one of one's sessions",
                                                                    .who = api::Who::signed_in,
                                                                    .success = 204,
                                                                    .errors = {&api::kNotFound}};

Task<Result<api::Answer<api::Page<User>>>> list_users(Deps deps, api::Context& context, ListUsers in);
inline constexpr api::Endpoint<ListUsers, api::Page<User>> kListUsers{
    .verb = api::get,
    .path = "/api/v1/users",
    .summary = "List users: all for admins, those of their own campaigns for managers",
    .who = api::Who::signed_in,
    .errors = {&api::kForbidden}};
Task<Result<api::Answer<User>>> create_user(Deps deps, api::Context& context, CreateUser in);
inline constexpr api::Endpoint<CreateUser, User> kCreateUser{.verb = api::post,
                                                             .path = "/api/v1/users",
                                                             .summary = "Create a user",
                                                             .who = api::Who::admin,
                                                             .success = 201,
                                                             .errors = {&kEmailTaken},
                                                             .idempotent_post = true};
Task<Result<api::Answer<User>>> invite_user(Deps deps, api::Context& context, Invite in);
inline constexpr api::Endpoint<Invite, User> kInviteUser{
    .verb = api::post,
    .path = "/api/v1/users/invite",
    .summary =
        "Invite someone by mail: admins to anything, managers to their campaigns, with roles below their own. An "
        "address that an account's user set must be proven first, by a mailed link: else 409 `email_unproven`",
    .who = api::Who::signed_in,
    .success = 201,
    .errors = {&api::kForbidden, &kEmailUnproven, &kEmailTaken},
    .idempotent_post = true};
Task<Result<api::Answer<User>>> get_user(Deps deps, Principal who, UserId in);
inline constexpr api::Endpoint<UserId, User> kGetUser{.verb = api::get,
                                                      .path = "/api/v1/users/{id}",
                                                      .summary = "One user",
                                                      .who = api::Who::signed_in,
                                                      .errors = {&api::kForbidden, &api::kNotFound}};
Task<Result<api::Answer<User>>> update_user(Deps deps, api::Context& context, UpdateUser in);
inline constexpr api::Endpoint<UpdateUser, User> kUpdateUser{
    .verb = api::patch,
    .path = "/api/v1/users/{id}",
    .summary =
        "Change a user: admins all, managers memberships of their campaigns, everyone one's own name, and with "
        "`current_password` one's own address; the address before is told by mail. Everyone may leave a campaign, by "
        "`roles` without it",
    .who = api::Who::signed_in,
    .errors = {&api::kForbidden, &api::kNotFound, &kEmailTaken, &kLastAdmin, &api::kPreconditionFailed,
               &api::kTooManyRequests, &api::kConflict}};
Task<Result<api::Answer<User>>> replace_user(Deps deps, api::Context& context, ReplaceUser in);
inline constexpr api::Endpoint<ReplaceUser, User> kReplaceUser{
    .verb = api::put,
    .path = "/api/v1/users/{id}",
    .summary = "Change a user's name, address (one's own with `current_password`), and the other fields sent",
    .who = api::Who::signed_in,
    .errors = kUpdateUser.errors};
Task<Result<api::Nothing>> delete_user(Deps deps, api::Context& context, UserId in);
inline constexpr api::Endpoint<UserId, api::Nothing> kDeleteUser{
    .verb = api::del,
    .path = "/api/v1/users/{id}",
    .summary = "Close an account: admins any, everyone one's own",
    .who = api::Who::signed_in,
    .success = 204,
    .errors = {&api::kForbidden, &api::kNotFound, &kLastAdmin, &api::kPreconditionFailed}};

Task<Result<api::Answer<api::Page<AuditItem>>>> list_audit(Deps deps, api::Context& context, ListAudit in);
inline constexpr api::Endpoint<ListAudit, api::Page<AuditItem>> kListAudit{
    .verb = api::get, .path = "/api/v1/audit", .summary = "Who did what, newest first", .who = api::Who::admin};
/// GET /console/reset and /console/invitation: where mailed links lead. The token stays behind the #, so no server and
/// no log sees it before the page sends it to POST /api/v1/auth/reset.
void add_password_page(api::Router& router);

/// The hash of the caller's password, where `current` is that password; else 422 at /current_password, 403 without a
/// password, 429 after too many attempts: a stolen access token must not serve to guess it.
[[nodiscard]] Task<Result<KnownPassword>> check_current_password(Deps deps, std::int64_t user_id, std::string address,
                                                                 std::string current);

/// Whether the caller may see this user at all; else why not. Looks at the roles before foreign ones are hidden.
[[nodiscard]] std::optional<api::Error> hidden_from(const Principal& who, const std::vector<std::int64_t>& managed,
                                                    const User& user);
/// 403 for who can neither see all users nor manages a campaign, so that what they may not see can't be probed.
[[nodiscard]] std::optional<api::Error> not_for_staff(const Principal& who, const std::vector<std::int64_t>& managed,
                                                      std::int64_t user_id);

}  // namespace townhall::accounts
