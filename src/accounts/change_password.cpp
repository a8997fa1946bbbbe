#include "accounts/operations.hpp"
#include "platform/guard/password.hpp"

namespace townhall::accounts {

Task<Result<KnownPassword>> check_current_password(Deps deps, std::int64_t user_id, std::string address,
                                                   std::string current) {
    const std::string account = "user:" + std::to_string(user_id);
    const auto wait = deps.throttle.take(account, address, std::chrono::steady_clock::now());
    if (wait.count() > 0)
        co_return std::unexpected(api::Error(api::kTooManyRequests, "Too many attempts; try again later.")
                                      .with("Retry-After", std::to_string(wait.count())));
    auto found = co_await deps.db.optional(db::Scope::owner(), sql::kFindPassword, user_id);
    if (!found) co_return std::unexpected(api::Error(api::kForbidden, "The account has no password."));
    auto& [email, hash] = *found;
    const auto right = co_await off_thread(deps.cpu, [&] { return guard::verify_password(current, hash); });
    if (!right) {
        deps.throttle.withdrew(account, address, std::chrono::steady_clock::now());
        co_return std::unexpected(right.error());
    }
    if (!*right)
        co_return std::unexpected(api::invalid("/current_password", "wrong", "This is not the current password."));
    deps.throttle.succeeded(account, address, std::chrono::steady_clock::now());
    co_return KnownPassword{std::move(email), std::move(hash)};
}

Task<Result<api::Answer<api::Nothing>>> change_password(Deps deps, api::Context& context, ChangePassword in) {
    const std::int64_t user_id = context.who.user_id;
    const db::Uuid session{std::string(context.who.session_id)};
    const auto known =
        co_await check_current_password(deps, user_id, context.request.remote_address, in.current_password);
    if (!known) co_return std::unexpected(known.error());
    if (auto weak = weak_password("/new_password", in.new_password, known->email))
        co_return std::unexpected(*std::move(weak));

    const auto hash = co_await off_thread(deps.cpu, [&] { return guard::hash_password(in.new_password); });
    if (!hash) co_return std::unexpected(hash.error());
    const auto changed = co_await deps.db.optional(db::Scope::owner(), sql::kChangePassword, user_id, known->hash,
                                                   *hash, session, api::audit_by(context));
    if (!changed) co_return std::unexpected(api::Error(api::kConflict, "The password was changed meanwhile."));
    co_await deps.access.reload();
    co_return api::Answer<api::Nothing>{.value = {}, .headers = {kNoStore}};
}

}  // namespace townhall::accounts
