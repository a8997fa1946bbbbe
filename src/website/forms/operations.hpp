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
};
constexpr auto schema_of(std::type_identity<ListSubmissions>) {
    return api::object("ListSubmissions", api::query("type", &ListSubmissions::type, api::max_len<50>),
                       api::query("status", &ListSubmissions::status, api::max_len<50>),
                       api::query("per_page", &ListSubmissions::per_page, api::min<1>, api::max<200>, api::defaulted),
                       api::query("page", &ListSubmissions::page, api::min<1>, api::max<1'000'000>),
                       api::query("after", &ListSubmissions::after, api::max_len<500>));
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

using Text = std::optional<std::string>;

inline constexpr db::Query<void(db::Uuid, std::string, db::Json, db::Timestamp)> kKeepSpam{
    "forms.keep_spam", db::Mode::write,
    "insert into website.submissions (id, type, status, data, received_at) values ($1, $2, 'spam', $3, $4)"};

// Visitor, submission and job in one statement: atomic by itself, so it rides in a batch with others.
#define TOWNHALL_KEEP(GATE)                                                                                      \
    "visitor as (insert into website.visitors as v (email, name, company, phone) select $1, $2, $3, $4 " GATE    \
    " on conflict (email) do update set last_seen = now(), name = coalesce(v.name, excluded.name),"              \
    " company = coalesce(v.company, excluded.company), phone = coalesce(v.phone, excluded.phone) returning id)," \
    " kept as (insert into website.submissions (id, visitor_id, type, status, data, received_at)"                \
    " select $5, visitor.id, $6, 'received', $7, $8 from visitor returning id)"                                  \
    " insert into core.jobs (kind, subject, payload, max_attempts)"                                              \
    " select 'submission.follow_up', 'submission:' || id, jsonb_build_object('id', id), 12 from kept"

inline constexpr db::Query<void(std::string, Text, Text, Text, db::Uuid, std::string, db::Json, db::Timestamp)> kKeep{
    "forms.keep", db::Mode::write, "with " TOWNHALL_KEEP("")};

// The same behind an Idempotency-Key: touches no row when the key is known and younger than a day.
inline constexpr db::Query<void(std::string, Text, Text, Text, db::Uuid, std::string, db::Json, db::Timestamp,
                                db::Bytes, db::Bytes, db::Bytes)>
    kKeepOnce{
        "forms.keep_once", db::Mode::write,
        "with key as (insert into core.idempotency_keys as k (id, request_hash, status, answer)"
        " values ($9, $10, 201, $11) on conflict (id) do update set request_hash = excluded.request_hash,"
        " answer = excluded.answer, created_at = now() where k.created_at < now() - interval '24 hours' returning 1),"
        " " TOWNHALL_KEEP("from key")};
#undef TOWNHALL_KEEP

}  // namespace townhall::website
