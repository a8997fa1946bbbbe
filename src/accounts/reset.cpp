#include "accounts/operations.hpp"
#include "platform/guard/password.hpp"

namespace townhall::accounts {

namespace {

api::Error not_good() {
    return api::invalid("/token", "link", "The link was used, has expired or was never one; ask for a new one.");
}

}  // namespace

Task<Result<api::Nothing>> reset(Deps deps, api::Context& context, Reset in) {
    const db::Bytes hash = bytes_of(guard::opaque_hash(in.token));
    const auto email = co_await deps.db.optional(db::Scope::owner(), sql::kFindLink, hash);
    if (!email) co_return std::unexpected(not_good());
    if (auto weak = weak_password("/new_password", in.new_password, *email))
        co_return std::unexpected(*std::move(weak));
    const auto password = co_await off_thread(deps.cpu, [&] { return guard::hash_password(in.new_password); });
    if (!password) co_return std::unexpected(password.error());
    const auto changed = co_await deps.db.optional(db::Scope::owner().on(hash.data), sql::kReset, hash, *password,
                                                   api::audit_by(context));
    if (!changed) co_return std::unexpected(not_good());
    co_await deps.access.reload();
    co_return api::Nothing{};
}

}  // namespace townhall::accounts
