#include "platform/guard/authenticator.hpp"

#include <utility>

namespace townhall::guard {

namespace {

Denial denial_of(TokenFault fault) { return fault == TokenFault::expired ? Denial::expired : Denial::bad_token; }

Principal outside_campaigns(const Caller& caller, const Snapshot::User& user) {
    return {.user_id = caller.claims.user_id,
            .session_id = caller.session_id(),
            .is_admin = user.is_admin,
            .is_editor = user.is_admin || user.is_editor,
            .campaign = std::nullopt,
            .role = user.is_admin ? Role::admin : Role::viewer};
}

}  // namespace

int status_of(Denial denial) {
    switch (denial) {
        case Denial::no_credentials:
        case Denial::bad_token:
        case Denial::expired:
        case Denial::revoked:
            return 401;
        case Denial::campaign_required:
            return 422;
        case Denial::not_a_member:
            return 403;
        case Denial::no_such_campaign:
            return 404;
        case Denial::unavailable:
            return 503;
    }
    std::unreachable();
}

std::optional<std::string_view> bearer_token(std::string_view header) {
    // The scheme is compared without case (RFC 9110, section 11.1).
    constexpr std::string_view kScheme = "bearer ";
    if (header.size() <= kScheme.size()) return std::nullopt;
    for (std::size_t i = 0; i < kScheme.size(); ++i)
        if ((header[i] >= 'A' && header[i] <= 'Z' ? header[i] + 32 : header[i]) != kScheme[i]) return std::nullopt;
    header.remove_prefix(kScheme.size());
    header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
    return header;
}

std::expected<const Snapshot::User*, Denial> Authenticator::find(const Claims& claims) const {
    const Snapshot* snapshot = snapshots_.current();
    if (!snapshot || !snapshots_.fresh(SteadyClock::now())) return std::unexpected(Denial::unavailable);
    const Snapshot::User* user = snapshot->user(claims.user_id);
    if (!user || snapshot->revoked(claims.session)) return std::unexpected(Denial::revoked);
    return user;
}

std::expected<Caller, Denial> Authenticator::authenticate(std::optional<std::string_view> authorization,
                                                          Clock::time_point now) const {
    if (!authorization) return std::unexpected(Denial::no_credentials);
    const auto token = bearer_token(*authorization);
    if (!token) return std::unexpected(Denial::bad_token);
    const auto claims = tokens_.verify(*token, now);
    if (!claims) return std::unexpected(denial_of(claims.error()));
    if (const auto user = find(*claims); !user) return std::unexpected(user.error());
    Caller caller{*claims, {}};
    write_text(claims->session, caller.session_text.data());
    return caller;
}

std::expected<Principal, Denial> Authenticator::principal(const Caller& caller) const {
    const auto user = find(caller.claims);
    if (!user) return std::unexpected(user.error());
    return outside_campaigns(caller, **user);
}

std::expected<Principal, Denial> Authenticator::principal(const Caller& caller,
                                                          std::optional<std::int64_t> requested) const {
    const auto user = find(caller.claims);
    if (!user) return std::unexpected(user.error());
    Principal principal = outside_campaigns(caller, **user);
    principal.campaign = requested;
    if (principal.is_admin) {
        if (requested && !snapshots_.current()->has_campaign(*requested))
            return std::unexpected(Denial::no_such_campaign);
        return principal;
    }
    const auto memberships = (*user)->memberships;
    if (!requested) {
        if (memberships.size() != 1) return std::unexpected(Denial::campaign_required);
        principal.campaign = memberships.front().campaign_id;
    }
    const auto role = Snapshot::role_in(**user, *principal.campaign);
    if (!role) return std::unexpected(Denial::not_a_member);
    principal.role = *role;
    return principal;
}

}  // namespace townhall::guard
