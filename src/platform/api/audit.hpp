#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/api/endpoint.hpp"
#include "platform/db/db.hpp"

/// The audit log, `core.audit_log`: who did what, on what, when, from where. Only ever added to. An entry is written
/// together with what it tells: by the same statement (TOWNHALL_AUDIT), or in the same transaction (`audit`). Entries
/// hold ids, names of fields, roles and the like, never a person's data.
///
/// Actions are named `thing.what_happened`, subjects `thing:id`. Everything about an account has the subject
/// `user:<id>`.
namespace townhall::api {

/// An INSERT that adds one entry for each row of FROM; for a CTE of the statement that does what it tells, which gives
/// those rows:
///
///     with hidden as (update … returning id),
///     audited as ()sql" TOWNHALL_AUDIT("$2", "'campaign.hidden'", "'campaign:' || id", "id", "'{}'", "hidden") R"sql()
///     select id from hidden
///
/// BY is the placeholder of a jsonb, made by `audit_by`. The other arguments are SQL over FROM's columns.
#define TOWNHALL_AUDIT(BY, ACTION, SUBJECT, CAMPAIGN, DETAILS, FROM)                                                 \
    "insert into core.audit_log (actor_id, address, request_id, action, subject, campaign_id, details)"              \
    " select (" BY "::jsonb->>'actor_id')::bigint, " BY "::jsonb->>'address', " BY "::jsonb->>'request_id', " ACTION \
    ", " SUBJECT ", " CAMPAIGN ", " DETAILS " from " FROM

/// Who makes this request and from where: the BY of TOWNHALL_AUDIT. `actor`: where the request itself is what tells who
/// it is (a sign-in).
[[nodiscard]] db::Json audit_by(const Context& context, std::optional<std::int64_t> actor = std::nullopt);

/// The BY of what no request asked for: the command line.
[[nodiscard]] inline db::Json audit_by_nobody() { return {"{}"}; }

struct AuditEntry {
    std::string_view action;
    std::string subject;
    std::optional<std::int64_t> campaign_id = {};
    db::Json details = {"{}"};  // an object
};

/// Adds an entry within a transaction. Behind the fence it must name the scope's campaign.
Task<void> audit(db::Transaction& tx, db::Json by, AuditEntry entry);

inline constexpr db::Query<void(db::Json, std::string_view, std::string, std::optional<std::int64_t>, db::Json)> kAudit{
    "audit.add", db::Mode::write, TOWNHALL_AUDIT("$1", "$2", "$3", "$4", "$5", "(values (1)) as once (entry)")};

}  // namespace townhall::api
