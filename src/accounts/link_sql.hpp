#pragma once

#include "accounts/sql.hpp"

/// The statements of one-time links. A link begins as a job that names it (`link`, a UUID) with its terms; its token is
/// made from that name by a key, so the job can mail the same link again after a crash, while the database holds the
/// token's hash alone. A link is good until it expires, or the account's password or address changes, whichever way.
namespace townhall::accounts::sql {

/// (folded) address, link, who. The same work whether or not somebody has the address: what is to be done is the job's.
inline constexpr db::Query<void(std::string_view, Uuid, Json)> kAskForLink{"accounts.ask_for_link", write, R"sql(
    insert into core.jobs (kind, priority, payload)
    select 'accounts.link', 0, jsonb_build_object('link', $2, 'purpose', 'reset', 'by', $3, 'user_id',
        (select id from core.users where email = $1 and deleted_at is null and disabled_at is null),
        'issued_at', now(), 'expires_at', now() + interval '1 hour'))sql"};

/// user, link, who. Three mails an hour at most, whoever invites: a mailbox is not filled by inviting. In a transaction
/// that holds the account's row, so that two at once count each other.
inline constexpr db::Query<void(std::int64_t, Uuid, Json)> kInvite{
    "accounts.invite", write,
    R"sql(
    with job as (
        insert into core.jobs (kind, subject, payload)
        select 'accounts.link', 'user:' || $1, jsonb_build_object('link', $2, 'purpose', 'invitation', 'by', $3,
            'user_id', $1, 'issued_at', now(), 'expires_at', now() + interval '7 days')
        where 3 > (select count(*) from core.jobs j where j.subject = 'user:' || $1 and j.kind = 'accounts.link'
                   and j.created_at > now() - interval '1 hour')
        returning id
    ) )sql" TOWNHALL_AUDIT("$3", "'user.invited'", "'user:' || $1", "null",
                           "jsonb_build_object('mailed', exists (select from job))", "(values (1)) as once (entry)")};

struct Receiver {
    std::string email;
    std::optional<std::string> name;
    bool has_password;
    bool invited;
};
constexpr auto columns_of(std::type_identity<Receiver>) {
    return std::tuple{&Receiver::email, &Receiver::name, &Receiver::has_password, &Receiver::invited};
}
/// The job's payload, the token's hash. Makes the link good, and says whom to write to: nobody when the account is
/// gone, the link's time is over, or too many were asked for within an hour. Who has a password already and is invited
/// needs no link. Again: the same.
inline constexpr db::Query<Receiver(Json, Bytes)> kOpenLink{"accounts.open_link", write,
                                                            R"sql(
    with wanted as (
        select ($1->>'user_id')::bigint as user_id, $1->>'purpose' as purpose,
               ($1->>'issued_at')::timestamptz as issued_at, ($1->>'expires_at')::timestamptz as expires_at
    ), receiver as (
        select u.id, u.email, u.name, u.password_hash is not null as has_password, w.purpose, w.issued_at, w.expires_at
        from wanted w join core.users u on u.id = w.user_id
        where u.deleted_at is null and u.disabled_at is null and w.expires_at > now()
          and (u.password_changed_at is null or u.password_changed_at < w.issued_at)
          and (u.address_changed_at is null or u.address_changed_at < w.issued_at)
          and (w.purpose = 'invitation' or 3 > (select count(*) from core.account_links l where l.user_id = u.id
               and l.purpose = 'reset' and l.issued_at > now() - interval '1 hour' and l.hash <> $2))
    ), opened as (
        insert into core.account_links (hash, user_id, purpose, issued_at, expires_at)
        select $2, id, purpose, issued_at, expires_at from receiver where purpose = 'reset' or not has_password
        on conflict (hash) do nothing
        returning user_id, purpose
    ), audited as ()sql" TOWNHALL_AUDIT("($1->'by')", "'password.reset_asked'", "'user:' || user_id", "null", "'{}'",
                                                            "opened where purpose = 'reset'") R"sql()
    select email, name, has_password, purpose = 'invitation' from receiver)sql"};

// A good link, `l`, and its account, `u`.
#define TOWNHALL_GOOD_LINK                                                                                         \
    "l.hash = $1 and u.id = l.user_id and l.expires_at > now() and u.deleted_at is null and u.disabled_at is null" \
    " and (u.password_changed_at is null or u.password_changed_at < l.issued_at)"                                  \
    " and (u.address_changed_at is null or u.address_changed_at < l.issued_at)"

/// The address (for the rules of passwords) of the account that a token's hash opens.
inline constexpr db::Query<std::string(Bytes)> kFindLink{
    "accounts.find_link", read, "select u.email from core.account_links l, core.users u where " TOWNHALL_GOOD_LINK};

/// token's hash, new password's hash, who. The change of the password ends this link and all others. A link that is
/// good was mailed to the account's address, so that is proven. No row when the link isn't good: two at once wait for
/// each other on the account's row, and the second finds the password changed.
inline constexpr db::Query<std::int64_t(Bytes, std::string, Json)> kReset{
    "accounts.reset", write,
    R"sql(
    with changed as (
        update core.users u set password_hash = $2, email_unproven = false, updated_at = now()
        from core.account_links l where )sql" TOWNHALL_GOOD_LINK R"sql(
        returning u.id, l.purpose
    ), ended as (
        update core.sessions s set revoked_at = now(), revoked_reason = 'password'
        from changed where s.user_id = changed.id and s.revoked_at is null
    ), used as (
        delete from core.account_links l using changed where l.user_id = changed.id
    ), audited as ()sql" TOWNHALL_AUDIT(
        "$3", "case purpose when 'reset' then 'password.reset' else 'invitation.accepted' end", "'user:' || id", "null",
        "'{}'", "changed") R"sql()
    select id from changed)sql"};
#undef TOWNHALL_GOOD_LINK

struct Known {
    std::int64_t id;
    bool is_active;
    bool unproven;  // its user set this address, and nobody has shown to read the mail there
};
constexpr auto columns_of(std::type_identity<Known>) {
    return std::tuple{&Known::id, &Known::is_active, &Known::unproven};
}
/// Who has this (folded) address; locked for the rest of the transaction.
inline constexpr db::Query<Known(std::string)> kFindByEmail{
    "accounts.find_by_email", write,
    "select id, disabled_at is null, email_unproven from core.users where email = $1 and deleted_at is null for "
    "update"};

/// user, notice, the address that was the account's. Three mails an hour at most: an address that its user made up is
/// somebody else's mailbox, and the true one is told before it. In the transaction that changes it, which holds the
/// account's row.
inline constexpr db::Query<void(std::int64_t, Uuid, std::string)> kTellOldAddress{"accounts.tell_old_address", write,
                                                                                  R"sql(
    insert into core.jobs (kind, subject, payload)
    select 'accounts.address_changed', 'user:' || $1, jsonb_build_object('notice', $2, 'address', $3)
    where 3 > (select count(*) from core.jobs j where j.subject = 'user:' || $1
               and j.kind = 'accounts.address_changed' and j.created_at > now() - interval '1 hour'))sql"};

}  // namespace townhall::accounts::sql
