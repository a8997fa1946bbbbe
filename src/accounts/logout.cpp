#include "accounts/operations.hpp"
#include "platform/guard/authenticator.hpp"

namespace townhall::accounts {

namespace {

constexpr std::size_t kMaxBody = 4096;

/// The body, which may be absent: who signs out by Bearer need not send one.
Task<Result<std::string>> small_body(http::Request& request) {
    std::string body;
    if (!request.body || !(request.header("content-length") || request.header("transfer-encoding"))) co_return body;
    request.body->set_limit(kMaxBody);
    std::array<char, 1024> buffer;
    while (const std::size_t got = co_await request.body->read(buffer)) body.append(buffer.data(), got);
    co_return body;
}

/// None where the body is empty, or an object that is.
Result<std::optional<RefreshToken>> read_token(std::string_view body) {
    if (body.empty()) return std::nullopt;
    const auto document = api::json::parse(body);
    if (!document) return std::unexpected(api::Error(api::kMalformed, document.error()));
    const auto* members = document->get_if<api::json::Object>();
    if (members && members->empty()) return std::nullopt;
    RefreshToken in;
    api::Faults faults(api::Fault::In::body);
    api::decode(*document, in, api::Rules{}, faults);
    if (!faults.empty()) return std::unexpected(api::Error(api::kInvalid, "The body has faults.", faults.take()));
    return in;
}

}  // namespace

Task<Result<api::Answer<api::Nothing>>> log_out(Deps deps, api::Context& context) {
    const auto body = co_await small_body(context.request);
    if (!body) co_return std::unexpected(body.error());
    const auto in = read_token(*body);
    if (!in) co_return std::unexpected(in.error());
    bool known = false;
    std::uint64_t ended = 0;
    if (*in) {
        // Whether the token was ever good is nobody's business: signing out with a dead one is done (RFC 7009,
        // section 2.2).
        ended += co_await deps.db.execute(db::Scope::owner(), sql::kLogOutToken,
                                          bytes_of(guard::opaque_hash((*in)->refresh_token)), api::audit_by(context));
        known = true;
    }
    const auto authorization = context.header("authorization");
    const auto token = authorization ? guard::bearer_token(*authorization) : std::nullopt;
    if (token) {
        // A session that has ended already is no obstacle, so the snapshot is not asked.
        const auto claims = deps.tokens.verify(*token, guard::Clock::now());
        if (claims) {
            ended += co_await deps.db.execute(db::Scope::owner(), sql::kLogOutSession,
                                              db::Uuid{guard::to_string(claims->session)}, claims->user_id,
                                              api::audit_by(context, claims->user_id));
            known = true;
        }
    }
    if (!known)
        co_return std::unexpected(api::Error(api::kUnauthorized, "Send Authorization: Bearer, or a refresh_token.")
                                      .with("WWW-Authenticate", "Bearer"));
    // Loading who may do what is work that grows with the accounts; nobody can ask for it with a token made up.
    if (ended > 0) co_await deps.access.reload();
    co_return api::Answer<api::Nothing>{.value = {}, .headers = {kNoStore}};
}

}  // namespace townhall::accounts
