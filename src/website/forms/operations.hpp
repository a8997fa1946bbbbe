#pragma once

// The forms' operations and statements: for the files of this folder.

#include "platform/api/idempotency.hpp"
#include "website/forms/forms.hpp"

namespace townhall::website {

struct ListSubmissions {
    std::optional<std::string> type;
    std::optional<std::string> status;
    std::int64_t per_page = 50;
    std::optional<std::int64_t> page;
    std::optional<std::string> after;
    std::optional<db::Timestamp> updated_since;
};
constexpr auto schema_of(std::type_identity<ListSubmissions>) {
    return api::object("ListSubmissions", api::query("type", &ListSubmissions::type, api::max_len<50>),
                       api::query("status", &ListSubmissions::status, api::max_len<50>),
                       api::query("per_page", &ListSubmissions::per_page, api::min<1>, api::max<200>, api::defaulted),
                       api::query("page", &ListSubmissions::page, api::min<1>, api::max<1'000'000>),
                       api::query("after", &ListSubmissions::after, api::max_len<500>),
                       api::query("updated_since", &ListSubmissions::updated_since));
}

struct GetSubmission {
    db::Uuid id;
};
constexpr auto schema_of(std::type_identity<GetSubmission>) {
    return api::object("GetSubmission", api::path("id", &GetSubmission::id));
}

Task<Result<api::Answer<Received>>> submit_contact(FormsDeps deps, api::Context& context, Contact form);
Task<Result<api::Page<Submission>>> list_submissions(FormsDeps deps, api::Context& context, ListSubmissions in);
Task<Result<Submission>> get_submission(FormsDeps deps, GetSubmission in);
Task<Result<Submission>> replay_submission(FormsDeps deps, api::Context& context, GetSubmission in);

using Text = std::optional<std::string>;

// No row where the key is known and younger than a day.
inline constexpr db::Query<db::Uuid(db::Uuid, std::string, db::Json, db::Timestamp, std::optional<db::Bytes>,
                                    std::optional<db::Bytes>, std::optional<db::Bytes>)>
    kKeepSpam{"forms.keep_spam", db::Mode::write, R"sql(
with taken as (
    insert into core.idempotency_keys as k (id, request_hash, status, answer)
    select $5, $6::bytea, 201, $7::bytea where $5::bytea is not null
    on conflict (id) do update
        set request_hash = excluded.request_hash, answer = excluded.answer, created_at = now()
        where k.created_at < now() - interval '24 hours'
    returning id
)
insert into website.submissions (id, type, status, data, received_at)
select $1::uuid, $2::text, 'spam', $3::jsonb, $4::timestamptz where $5::bytea is null or exists (select from taken)
returning id)sql"};

template <class T>
using Column = std::vector<T>;

// Visitors, submissions, jobs and idempotency keys in one statement: atomic by itself, so it rides in a batch with
// others. No two rows may have the same e-mail address or key. Gives the ids that were kept: the others' key is known
// and younger than a day. Rows that others may hold are locked in one order.
inline constexpr db::Query<db::Uuid(Column<std::string>, Column<Text>, Column<Text>, Column<Text>, Column<db::Uuid>,
                                    Column<std::string>, Column<db::Json>, Column<db::Timestamp>,
                                    Column<std::optional<db::Bytes>>, Column<std::optional<db::Bytes>>,
                                    Column<std::optional<db::Bytes>>)>
    kKeep{"forms.keep", db::Mode::write, R"sql(
with form as (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::jsonb[],
                         $8::timestamptz[], $9::bytea[], $10::bytea[], $11::bytea[])
        as f (email, name, company, phone, id, type, data, received_at, key, request_hash, answer)
), taken as (
    insert into core.idempotency_keys as k (id, request_hash, status, answer)
    select key, request_hash, 201, answer from form where key is not null order by key
    on conflict (id) do update
        set request_hash = excluded.request_hash, answer = excluded.answer, created_at = now()
        where k.created_at < now() - interval '24 hours'
    returning id
), fresh as (
    select * from form where key is null or key in (select id from taken)
), visitor as (
    insert into website.visitors as v (email, name, company, phone)
    select email, name, company, phone from fresh order by email
    on conflict (email) do update
        set last_seen = now(), name = coalesce(v.name, excluded.name),
            company = coalesce(v.company, excluded.company), phone = coalesce(v.phone, excluded.phone)
    returning id, email
), kept as (
    insert into website.submissions (id, visitor_id, type, status, data, received_at)
    select f.id, v.id, f.type, 'received', f.data, f.received_at from fresh f join visitor v on v.email = f.email
    returning id
), queued as (
    insert into core.jobs (kind, subject, payload, max_attempts)
    select 'submission.follow_up', 'submission:' || id, jsonb_build_object('id', id), 12 from kept
)
select id from kept)sql"};

}  // namespace townhall::website
