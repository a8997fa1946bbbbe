#include "platform/api/audit.hpp"

#include "platform/api/json.hpp"

namespace townhall::api {

db::Json audit_by(const Context& context, std::optional<std::int64_t> actor) {
    std::string out = R"({"address":)";
    json::write_string(out, context.request.remote_address);
    out += R"(,"request_id":)";
    json::write_string(out, context.request.request_id);
    const std::int64_t user_id = actor.value_or(context.who.user_id);
    if (user_id != 0) {
        out += R"(,"actor_id":)";
        json::write_integer(out, user_id);
    }
    return {out + '}'};
}

Task<void> audit(db::Transaction& tx, db::Json by, AuditEntry entry) {
    co_await tx.execute(kAudit, by, entry.action, entry.subject, entry.campaign_id, entry.details);
}

}  // namespace townhall::api
