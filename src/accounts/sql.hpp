#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "accounts/types.hpp"
#include "platform/api/audit.hpp"
#include "platform/db/query.hpp"

/// The statements of this room. All run as the owner, so each names whom it concerns.
namespace townhall::accounts::sql {

using db::Bytes;
using db::Json;
using db::Timestamp;
using db::Uuid;
using enum db::Mode;

struct UserRow {
    std::int64_t id;
    std::string email;
    std::optional<std::string> name;
    bool is_admin;
    bool is_editor;
    bool is_active;
    std::optional<Timestamp> last_login_at;
    Timestamp created_at;
    Timestamp updated_at;
    std::optional<Timestamp> deleted_at;
    std::vector<std::int64_t> campaigns;
    std::vector<Role> roles;  // beside `campaigns`
};
constexpr auto columns_of(std::type_identity<UserRow>) {
    return std::tuple{&UserRow::id,         &UserRow::email,      &UserRow::name,          &UserRow::is_admin,
                      &UserRow::is_editor,  &UserRow::is_active,  &UserRow::last_login_at, &UserRow::created_at,
                      &UserRow::updated_at, &UserRow::deleted_at, &UserRow::campaigns,     &UserRow::roles};
}

inline constexpr db::Query<UserRow(std::int64_t)> kFindUser{"accounts.find_user", read, R"sql(
    select id, email, name, is_admin, is_editor, is_active, last_login_at, created_at, updated_at, deleted_at, campaigns, roles
    from core.user_items where id = $1 and deleted_at is null)sql"};

/// Locks the account for the rest of the transaction, so that what is decided by its present state holds.
inline constexpr db::Query<std::int64_t(std::int64_t)> kLockUser{
    "accounts.lock_user", write, "select id from core.users where id = $1 and deleted_at is null for update"};

/// Id and password hash of whoever may sign in by this (folded) address.
inline constexpr db::Query<std::tuple<std::int64_t, std::string>(std::string_view)> kFindLogin{"accounts.find_login",
                                                                                               read, R"sql(
    select id, password_hash from core.users
    where email = $1 and deleted_at is null and disabled_at is null and password_hash is not null)sql"};

inline constexpr db::Query<std::tuple<std::string, std::string>(std::int64_t)> kFindPassword{"accounts.find_password",
                                                                                             read, R"sql(
    select email, password_hash from core.users
    where id = $1 and deleted_at is null and disabled_at is null and password_hash is not null)sql"};

/// session, user, seconds to live, user agent, address, refresh token's hash, verified hash, who. No row when the
/// account was closed, or its password changed, since it was looked up.
inline constexpr db::Query<std::int64_t(Uuid, std::int64_t, std::int64_t, std::optional<std::string>, std::string,
                                        Bytes, std::string, Json)>
    kStartSession{"accounts.start_session", write,
                  R"sql(
    with signed_in as (
        update core.users set last_login_at = now()
        where id = $2 and deleted_at is null and disabled_at is null and password_hash = $7
        returning id
    ), session as (
        insert into core.sessions (id, user_id, expires_at, user_agent, address)
        select $1, id, now() + $3 * interval '1 second', $4, $5 from signed_in
    ), token as (
        insert into core.refresh_tokens (hash, session_id, expires_at)
        select $6, $1, now() + $3 * interval '1 second' from signed_in
    ), audited as ()sql" TOWNHALL_AUDIT("$8", "'session.started'", "'user:' || id", "null",
                                        "jsonb_build_object('session', $1)", "signed_in") R"sql()
    select id from signed_in)sql"};

/// Who, and the account whose password it was not (none: nobody has the address).
inline constexpr db::Query<void(Json, std::optional<std::int64_t>)> kSignInRefused{
    "accounts.sign_in_refused", write,
    TOWNHALL_AUDIT("$1", "'session.refused'", "'user:' || $2", "null", "'{}'", "(values (1)) as once (entry)")};

/// Puts a hash made with today's parameters in the place of the same password's older one.
inline constexpr db::Query<void(std::int64_t, std::string, std::string)> kRehash{
    "accounts.rehash", write, "update core.users set password_hash = $3 where id = $1 and password_hash = $2"};

struct Rotation {
    Uuid session;
    std::int64_t user_id;
    bool granted;
};
constexpr auto columns_of(std::type_identity<Rotation>) {
    return std::tuple{&Rotation::session, &Rotation::user_id, &Rotation::granted};
}

/// presented hash, successor's hash, seconds to live, who. The first use of a token is marked; within 10 s of it the
/// token yields siblings (two tabs refresh at once); later it must have been stolen, and the family ends. One
/// statement: whoever waits for the token's row sees the mark that the other left.
inline constexpr db::Query<Rotation(Bytes, Bytes, std::int64_t, Json)> kRotate{
    "accounts.rotate", write,
    R"sql(
    with presented as (
        update core.refresh_tokens t set used_at = coalesce(t.used_at, now())
        from core.sessions s join core.users u on u.id = s.user_id
        where t.hash = $1 and s.id = t.session_id
        returning s.id as session_id, s.user_id, t.used_at > now() - interval '10 seconds' as in_time,
                  t.expires_at > now() and s.revoked_at is null and u.deleted_at is null and u.disabled_at is null as alive
    ), successor as (
        insert into core.refresh_tokens (hash, session_id, expires_at)
        select $2, session_id, now() + $3 * interval '1 second' from presented where in_time and alive
    ), family as (
        update core.sessions s
        set last_used_at = now(),
            expires_at = case when p.in_time then greatest(s.expires_at, now() + $3 * interval '1 second') else s.expires_at end,
            revoked_at = case when p.in_time then null else now() end,
            revoked_reason = case when p.in_time then null else 'reuse' end
        from presented p where s.id = p.session_id and s.revoked_at is null and (p.alive or not p.in_time)
        returning s.id, s.user_id, s.revoked_at
    ), audited as ()sql" TOWNHALL_AUDIT("$4", "'session.reused'", "'user:' || user_id", "null",
                                        "jsonb_build_object('session', id)",
                                        "family where revoked_at is not null") R"sql()
    select session_id, user_id, in_time and alive from presented)sql"};

/// The entry of a session that has ended, from `ended (id, user_id, revoked_reason)`.
#define TOWNHALL_AUDIT_ENDED(BY)                                        \
    TOWNHALL_AUDIT(BY, "'session.ended'", "'user:' || user_id", "null", \
                   "jsonb_build_object('session', id, 'reason', revoked_reason)", "ended")

inline constexpr db::Query<void(Uuid, std::int64_t, Json)> kLogOutSession{"accounts.log_out_session", write, R"sql(
    with ended as (
        update core.sessions set revoked_at = now(), revoked_reason = 'logout'
        where id = $1 and user_id = $2 and revoked_at is null
        returning id, user_id, revoked_reason
    ) )sql" TOWNHALL_AUDIT_ENDED("$3")};

inline constexpr db::Query<void(Bytes, Json)> kLogOutToken{"accounts.log_out_token", write, R"sql(
    with ended as (
        update core.sessions s set revoked_at = now(), revoked_reason = 'logout'
        from core.refresh_tokens t where t.hash = $1 and s.id = t.session_id and s.revoked_at is null
        returning s.id, s.user_id, s.revoked_reason
    ) )sql" TOWNHALL_AUDIT_ENDED("$2")};

struct SessionRow {
    Uuid id;
    Timestamp created_at;
    Timestamp last_used_at;
    Timestamp expires_at;
    std::optional<std::string> user_agent;
    std::optional<std::string> address;
};
constexpr auto columns_of(std::type_identity<SessionRow>) {
    return std::tuple{&SessionRow::id,         &SessionRow::created_at, &SessionRow::last_used_at,
                      &SessionRow::expires_at, &SessionRow::user_agent, &SessionRow::address};
}
inline constexpr db::Query<SessionRow(std::int64_t)> kSessions{"accounts.sessions", read, R"sql(
    select id, created_at, last_used_at, expires_at, user_agent, address from core.sessions
    where user_id = $1 and revoked_at is null and expires_at > now() order by last_used_at desc, id limit 1000)sql"};

/// Touches one row, or none when the user has no such session.
inline constexpr db::Query<void(std::int64_t, Uuid, Json)> kEndSession{"accounts.end_session", write, R"sql(
    with ended as (
        update core.sessions set revoked_at = now(), revoked_reason = 'ended'
        where user_id = $1 and id = $2 and revoked_at is null
        returning id, user_id, revoked_reason
    ) )sql" TOWNHALL_AUDIT_ENDED("$3")};

/// user, why, who.
inline constexpr db::Query<void(std::int64_t, std::string_view, Json)> kEndSessions{"accounts.end_sessions", write,
                                                                                    R"sql(
    with ended as (
        update core.sessions set revoked_at = now(), revoked_reason = $2
        where user_id = $1 and revoked_at is null
        returning id, user_id, revoked_reason
    ) )sql" TOWNHALL_AUDIT_ENDED("$3")};

/// user, verified hash, new hash, the session to spare, who. No row when the password was changed meanwhile.
inline constexpr db::Query<std::int64_t(std::int64_t, std::string, std::string, Uuid, Json)> kChangePassword{
    "accounts.change_password", write, R"sql(
    with changed as (
        update core.users set password_hash = $3, updated_at = now()
        where id = $1 and password_hash = $2 and deleted_at is null
        returning id
    ), ended as (
        update core.sessions s set revoked_at = now(), revoked_reason = 'password'
        from changed where s.user_id = changed.id and s.id <> $4 and s.revoked_at is null
    ), audited as ()sql" TOWNHALL_AUDIT("$5", "'password.changed'", "'user:' || id", "null", "'{}'", "changed") R"sql()
    select id from changed)sql"};

/// email, name, password hash (none: an invitation is to set one), admin, editor, who.
inline constexpr db::Query<std::int64_t(std::string, std::optional<std::string>, std::optional<std::string>, bool, bool,
                                        Json)>
    kInsertUser{"accounts.insert_user", write,
                R"sql(
    with made as (
        insert into core.users (email, name, password_hash, is_admin, is_editor) values ($1, $2, $3, $4, $5)
        returning id, is_admin, is_editor
    ), audited as ()sql" TOWNHALL_AUDIT("$6", "'user.created'", "'user:' || id", "null",
                                        "jsonb_build_object('is_admin', is_admin, 'is_editor', is_editor)",
                                        "made") R"sql()
    select id from made)sql"};

/// Of these campaigns, those that exist.
inline constexpr db::Query<std::int64_t(std::vector<std::int64_t>)> kCampaigns{
    "accounts.campaigns", read, "select id from campaign.campaigns where id = any($1) and deleted_at is null"};

/// user, campaign, role, who. Entries tell the role before, null for none. Another role is another version of the user.
inline constexpr db::Query<void(std::int64_t, std::int64_t, Role, Json)> kSetRole{
    "accounts.set_role", write,
    R"sql(
    with changed as (
        insert into core.memberships (user_id, campaign_id, role) values ($1, $2, $3)
        on conflict (user_id, campaign_id) do update set role = excluded.role
        returning user_id, campaign_id, role
    ), touched as (
        update core.users set updated_at = now() where id = $1
    ) )sql" TOWNHALL_AUDIT("$4", "'membership.set'", "'user:' || c.user_id", "c.campaign_id",
                           "jsonb_build_object('role', c.role, 'before', m.role)",
                           "changed c left join core.memberships m on m.user_id = $1 and m.campaign_id = $2")};
inline constexpr db::Query<void(std::int64_t, std::int64_t, Json)> kDropRole{
    "accounts.drop_role", write,
    R"sql(
    with dropped as (
        delete from core.memberships where user_id = $1 and campaign_id = $2 returning user_id, campaign_id, role
    ), touched as (
        update core.users u set updated_at = now() from dropped d where u.id = d.user_id
    ) )sql" TOWNHALL_AUDIT("$3", "'membership.dropped'", "'user:' || user_id", "campaign_id",
                           "jsonb_build_object('before', role)", "dropped")};

/// id, email, name, password hash (null: the old one), admin, editor, active, whether the user's own request: then
/// another address is one that nobody has proven.
inline constexpr db::Query<void(std::int64_t, std::string, std::optional<std::string>, std::optional<std::string>, bool,
                                bool, bool, bool)>
    kUpdateUser{"accounts.update_user", write, R"sql(
    update core.users
    set email = $2, name = $3, password_hash = coalesce($4, password_hash), is_admin = $5, is_editor = $6,
        disabled_at = case when $7 then null else coalesce(disabled_at, now()) end,
        email_unproven = case when email = $2 then email_unproven else $8 end, updated_at = now()
    where id = $1)sql"};

inline constexpr db::Query<void(std::int64_t, Json)> kDeleteUser{"accounts.delete_user", write, R"sql(
    with gone as (
        update core.users set deleted_at = now(), updated_at = now() where id = $1 returning id
    ) )sql" TOWNHALL_AUDIT("$2", "'user.deleted'", "'user:' || id", "null", "'{}'", "gone")};

/// Locks the administrators that can act, in one order, so that two who dismiss each other do not both succeed.
inline constexpr db::Query<std::int64_t()> kLockAdmins{"accounts.lock_admins", write, R"sql(
    select id from core.users where is_admin and disabled_at is null and deleted_at is null order by id for update)sql"};

struct Access {
    std::vector<std::int64_t> users;
    std::vector<std::int16_t> flags;  // beside `users`: 1 admin, 2 editor
    std::vector<std::int64_t> member_users;
    std::vector<std::int64_t> member_campaigns;
    std::vector<Role> member_roles;
    std::vector<Uuid> revoked;
    std::vector<std::int64_t> campaigns;
};
constexpr auto columns_of(std::type_identity<Access>) {
    return std::tuple{&Access::users,        &Access::flags,   &Access::member_users, &Access::member_campaigns,
                      &Access::member_roles, &Access::revoked, &Access::campaigns};
}
/// Everything that decides who may do what, as of one moment. $1: for how many seconds a revoked session is of
/// interest.
inline constexpr db::Query<Access(std::int64_t)> kLoadAccess{"accounts.load_access", read, R"sql(
    with users as materialized (
        select id, (is_admin::int + 2 * is_editor::int)::int2 as flags from core.users
        where deleted_at is null and disabled_at is null
    ), members as materialized (
        select m.user_id, m.campaign_id, m.role from core.memberships m
        join users u on u.id = m.user_id join campaign.campaigns c on c.id = m.campaign_id
        where c.deleted_at is null
    )
    select array(select id from users order by id), array(select flags from users order by id),
           array(select user_id from members order by user_id, campaign_id),
           array(select campaign_id from members order by user_id, campaign_id),
           array(select role from members order by user_id, campaign_id),
           array(select id from core.sessions where revoked_at > now() - $1 * interval '1 second'),
           array(select id from campaign.campaigns where deleted_at is null order by id))sql"};

}  // namespace townhall::accounts::sql
