#include "accounts/operations.hpp"
#include "platform/api/idempotency.hpp"
#include "platform/guard/password.hpp"

namespace townhall::accounts {

namespace {

/// The account and its memberships, or neither.
Task<Result<api::Answer<User>>> insert(db::Transaction& tx, CreateUser in, std::string hash, db::Json by) {
    const std::int64_t id =
        co_await tx.one(sql::kInsertUser, fold_email(in.email), in.name, hash, in.is_admin, in.is_editor, by);
    for (const RoleItem& item : in.roles) co_await tx.execute(sql::kSetRole, id, item.campaign_id, item.role, by);
    co_return made(to_user(co_await tx.one(sql::kFindUser, id)));
}

}  // namespace

Task<Result<api::Answer<User>>> create_user(Deps deps, api::Context& context, CreateUser in) {
    if (auto weak = weak_password("/password", in.password, fold_email(in.email)))
        co_return std::unexpected(*std::move(weak));
    if (auto doubled = doubled_role(in.roles)) co_return std::unexpected(*std::move(doubled));
    if (auto unknown = co_await unknown_campaign(deps.db, in.roles)) co_return std::unexpected(*std::move(unknown));
    const auto hash = co_await off_thread(deps.cpu, [&] { return guard::hash_password(in.password); });
    if (!hash) co_return std::unexpected(hash.error());

    // A plain hash of this body, kept beside an Idempotency-Key, would let its reader guess the password quickly.
    const guard::Digest fingerprint = deps.cursors.mac(context.body);
    api::Context keyed = context;
    keyed.body = {reinterpret_cast<const char*>(fingerprint.data()), fingerprint.size()};
    const db::Json by = api::audit_by(context);
    try {
        auto created = co_await api::once<User>(deps.db, deps.answers, keyed, db::Scope::owner(), kCreateUser.success,
                                                [&](db::Transaction& tx) { return insert(tx, in, *hash, by); });
        co_await deps.access.reload();
        co_return created;
    } catch (const db::StatementError& error) {
        if (error.constraint != kEmailIndex) throw;
        co_return std::unexpected(api::Error(kEmailTaken, std::string(kTaken)));
    }
}

}  // namespace townhall::accounts
