#pragma once

#include "accounts/answers.hpp"

/// The operations of this room, one file each, and their endpoints.
namespace townhall::accounts {

Task<Result<api::Answer<SignedIn>>> log_in(Deps deps, api::Context& context, LogIn in);
inline constexpr api::Endpoint<LogIn, SignedIn> kLogIn{.verb = api::post,
                                                       .path = "/api/v1/auth/login",
                                                       .summary = "Sign in",
                                                       .who = api::Who::anyone,
                                                       .errors = {&kWrongCredentials, &api::kTooManyRequests},
                                                       .body_limit = 16 * 1024};

Task<Result<api::Answer<SignedIn>>> refresh(Deps deps, RefreshToken in);
inline constexpr api::Endpoint<RefreshToken, SignedIn> kRefresh{.verb = api::post,
                                                                .path = "/api/v1/auth/refresh",
                                                                .summary = "Trade a refresh token for new tokens",
                                                                .who = api::Who::anyone,
                                                                .errors = {&kWrongRefreshToken},
                                                                .body_limit = 16 * 1024};

Task<Result<api::Answer<api::Nothing>>> log_out(Deps deps, api::Context& context);
inline constexpr api::Endpoint<api::Nothing, api::Nothing> kLogOut{
    .verb = api::post,
    .path = "/api/v1/auth/logout",
    .summary = "Sign out: by the access token, or by {\"refresh_token\"} in the body",
    .who = api::Who::anyone,
    .success = 204,
    .errors = {&api::kUnauthorized},
    .raw_body = true};

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

Task<Result<api::Answer<Sessions>>> list_sessions(Deps deps, Principal who);
inline constexpr api::Endpoint<api::Nothing, Sessions> kListSessions{
    .verb = api::get, .path = "/api/v1/auth/sessions", .summary = "Where one is signed in", .who = api::Who::signed_in};
Task<Result<api::Nothing>> end_sessions(Deps deps, Principal who);
inline constexpr api::Endpoint<api::Nothing, api::Nothing> kEndSessions{.verb = api::del,
                                                                        .path = "/api/v1/auth/sessions",
                                                                        .summary = "Sign out everywhere, here too",
                                                                        .who = api::Who::signed_in,
                                                                        .success = 204};
Task<Result<api::Nothing>> end_session(Deps deps, Principal who, SessionId in);
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
Task<Result<api::Answer<User>>> get_user(Deps deps, Principal who, UserId in);
inline constexpr api::Endpoint<UserId, User> kGetUser{.verb = api::get,
                                                      .path = "/api/v1/users/{id}",
                                                      .summary = "One user",
                                                      .who = api::Who::signed_in,
                                                      .errors = {&api::kForbidden, &api::kNotFound}};
Task<Result<api::Answer<User>>> update_user(Deps deps, api::Context& context, UpdateUser in);
inline constexpr api::Endpoint<UpdateUser, User> kUpdateUser{
    .verb = api::put,
    .path = "/api/v1/users/{id}",
    .summary =
        "Change a user: admins all, managers memberships of their campaigns, everyone one's own name and address",
    .who = api::Who::signed_in,
    .errors = {&api::kForbidden, &api::kNotFound, &kEmailTaken, &kLastAdmin, &api::kPreconditionFailed}};
Task<Result<api::Nothing>> delete_user(Deps deps, api::Context& context, UserId in);
inline constexpr api::Endpoint<UserId, api::Nothing> kDeleteUser{
    .verb = api::del,
    .path = "/api/v1/users/{id}",
    .summary = "Close an account: admins any, everyone one's own",
    .who = api::Who::signed_in,
    .success = 204,
    .errors = {&api::kForbidden, &api::kNotFound, &kLastAdmin, &api::kPreconditionFailed}};

/// Whether the caller may see this user at all; else why not. Looks at the roles before foreign ones are hidden.
[[nodiscard]] std::optional<api::Error> hidden_from(const Principal& who, const std::vector<std::int64_t>& managed,
                                                    const User& user);
/// 403 for who can neither see all users nor manages a campaign, so that what they may not see can't be probed.
[[nodiscard]] std::optional<api::Error> not_for_staff(const Principal& who, const std::vector<std::int64_t>& managed,
                                                      std::int64_t user_id);

}  // namespace townhall::accounts
