#include "accounts/operations.hpp"
#include "platform/guard/password.hpp"

namespace townhall::accounts {

namespace {

constexpr std::size_t kMaxUserAgent = 300;

api::Error wrong() {
    return api::Error(kWrongCredentials, "The e-mail address or the password is wrong.")
        .with("WWW-Authenticate", "Bearer");
}

/// What the browser calls itself, cut to a size and to printable ASCII: it is shown in the list of sessions.
std::optional<std::string> user_agent_of(const api::Context& context) {
    const auto sent = context.header("user-agent");
    if (!sent || sent->empty()) return std::nullopt;
    std::string text(sent->substr(0, kMaxUserAgent));
    for (char& c : text)
        if (c < 0x20 || c > 0x7E) c = '?';
    return text;
}

/// A hash made with older parameters is replaced while the password is at hand.
Task<void> renew_hash(Deps deps, std::int64_t user_id, std::string password, std::string hash) {
    if (!guard::outdated(hash)) co_return;
    auto renewed = co_await off_thread(deps.cpu, [&] { return guard::hash_password(password); });
    if (renewed) co_await deps.db.execute(db::Scope::owner(), sql::kRehash, user_id, hash, *renewed);
}

}  // namespace

Task<Result<api::Answer<SignedIn>>> signed_in(Deps deps, std::int64_t user_id, db::Uuid session,
                                              std::string refresh_token) {
    auto row = co_await deps.db.optional(db::Scope::owner(), sql::kFindUser, user_id);
    if (!row) co_return std::unexpected(wrong());
    const auto access = deps.tokens.issue(user_id, *guard::uuid_from(session.text));
    // Another process may have made or changed the account: the token must be good from its first use.
    const guard::Snapshot* snapshot = deps.access.snapshots().current();
    if (!snapshot || !snapshot->user(user_id)) co_await deps.access.reload();
    co_return api::Answer<SignedIn>{.value = {.access_token = access.token,
                                              .refresh_token = std::move(refresh_token),
                                              .expires_in = access.lifetime.count(),
                                              .user = to_user(*std::move(row))},
                                    .headers = {kNoStore}};
}

Task<Result<api::Answer<SignedIn>>> log_in(Deps deps, api::Context& context, LogIn in) {
    const std::string email = fold_email(in.email);
    const std::string address = context.request.remote_address;
    // Its own kind of name, so that an address made up to look like another kind's costs nobody an attempt.
    const std::string account = "login:" + email;
    const auto wait = deps.throttle.take(account, address, std::chrono::steady_clock::now());
    if (wait.count() > 0)
        co_return std::unexpected(api::Error(api::kTooManyRequests, "Too many attempts; try again later.")
                                      .with("Retry-After", std::to_string(wait.count())));

    // The same work for an unknown address as for a wrong password, so that neither the answer nor its time tells.
    const auto found = co_await deps.db.optional(db::Scope::owner(), sql::kFindLogin, email);
    const auto right = co_await off_thread(deps.cpu, [&] {
        return found ? guard::verify_password(in.password, std::get<1>(*found)) : guard::verify_nobody(in.password);
    });
    if (!right) {
        // Nothing was checked: whoever comes again when told to must not find the attempts spent.
        deps.throttle.withdrew(account, address, std::chrono::steady_clock::now());
        co_return std::unexpected(right.error());
    }
    if (!*right) {
        co_await deps.db.execute(db::Scope::owner(), sql::kSignInRefused, api::audit_by(context),
                                 found ? std::optional(std::get<0>(*found)) : std::nullopt);
        co_return std::unexpected(wrong());
    }
    deps.throttle.succeeded(account, address, std::chrono::steady_clock::now());

    const auto& [user_id, hash] = *found;
    const db::Uuid session{guard::new_id()};
    auto refresh = guard::new_opaque_token();
    const auto started = co_await deps.db.optional(db::Scope::owner().on(email), sql::kStartSession, session, user_id,
                                                   deps.refresh_lifetime.count(), user_agent_of(context), address,
                                                   bytes_of(refresh.hash), hash, api::audit_by(context, user_id));
    if (!started) co_return std::unexpected(wrong());
    co_await renew_hash(deps, user_id, std::move(in.password), hash);
    co_return co_await signed_in(deps, user_id, session, std::move(refresh.text));
}

}  // namespace townhall::accounts
