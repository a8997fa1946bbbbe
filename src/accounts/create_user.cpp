#include "accounts/operations.hpp"
#include "platform/guard/password.hpp"

namespace townhall::accounts {

namespace {

/// The account and its memberships, or neither.
Task<Result<std::int64_t>> insert(Deps deps, CreateUser in, std::string hash) {
    try {
        co_return co_await deps.db.transaction(
            db::Scope::owner(), [&](db::Transaction& tx) -> Task<Result<std::int64_t>> {
                const std::int64_t id =
                    co_await tx.one(sql::kInsertUser, fold_email(in.email), in.name, hash, in.is_admin, in.is_editor);
                for (const RoleItem& item : in.roles)
                    co_await tx.execute(sql::kSetRole, id, item.campaign_id, item.role);
                co_return id;
            });
    } catch (const db::StatementError& error) {
        if (error.constraint != kEmailIndex) throw;
        co_return std::unexpected(api::Error(kEmailTaken, std::string(kTaken)));
    }
}

}  // namespace

Task<Result<api::Answer<User>>> create_user(Deps deps, api::Context& context, CreateUser in) {
    if (auto weak = weak_password("/password", in.password, fold_email(in.email)))
        co_return std::unexpected(*std::move(weak));
    if (auto doubled = doubled_role(in.roles)) co_return std::unexpected(*std::move(doubled));
    if (auto unknown = co_await unknown_campaign(deps.db, in.roles)) co_return std::unexpected(*std::move(unknown));
    const auto hash = co_await off_thread(deps.cpu, [&] { return guard::hash_password(in.password); });
    if (!hash) co_return std::unexpected(hash.error());
    const auto id = co_await insert(deps, std::move(in), *hash);
    if (!id) co_return std::unexpected(id.error());
    co_await deps.access.reload();
    auto made = co_await get_user(deps, context.who, {*id});
    if (made) made->headers.emplace_back("Location", "/api/v1/users/" + std::to_string(*id));
    co_return made;
}

}  // namespace townhall::accounts
