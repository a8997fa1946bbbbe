#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "platform/guard/principal.hpp"
#include "platform/guard/snapshot.hpp"
#include "platform/guard/tokens.hpp"

namespace townhall::guard {

/// Why a request is not let in, with the status that answers it.
enum class Denial : std::uint8_t {
    no_credentials,     // 401: no Authorization header
    bad_token,          // 401: not a token of ours, or not one that we accept
    expired,            // 401
    revoked,            // 401: the session was ended, or the user is disabled, deleted or unknown
    campaign_required,  // 422: the caller has no or several campaigns and named none
    not_a_member,       // 403: the campaign is not one of the caller's (or does not exist: the same answer)
    no_such_campaign,   // 404: an admin named a campaign that is not there, or hidden, as far as we know
    unavailable,        // 503: what we know of roles is too old to decide by
};
[[nodiscard]] int status_of(Denial denial);

/// A verified caller, before it is known in which campaign. Owned by the request; `Principal::session_id` points into
/// it.
struct Caller {
    Claims claims;
    std::array<char, 36> session_text;
    [[nodiscard]] std::string_view session_id() const { return {session_text.data(), session_text.size()}; }
};

/// The token of `Bearer <token>`; nothing for other schemes.
[[nodiscard]] std::optional<std::string_view> bearer_token(std::string_view authorization);

/// Turns an Authorization header into a Principal. Takes no locks and allocates nothing once a thread has seen the
/// token.
class Authenticator {
  public:
    Authenticator(const AccessTokens& tokens, const SnapshotHolder& snapshots)
        : tokens_(tokens), snapshots_(snapshots) {}

    /// Who sends `Authorization: Bearer …` (absent: nullopt). The session is live and the user active.
    [[nodiscard]] std::expected<Caller, Denial> authenticate(std::optional<std::string_view> authorization,
                                                             Clock::time_point now = Clock::now()) const;

    /// The caller outside of any campaign: `role` is admin for admins, else viewer.
    [[nodiscard]] std::expected<Principal, Denial> principal(const Caller& caller) const;

    /// The caller in the campaign it named, else in its only one; an admin who named none is unscoped.
    [[nodiscard]] std::expected<Principal, Denial> principal(const Caller& caller,
                                                             std::optional<std::int64_t> requested) const;

  private:
    [[nodiscard]] std::expected<const Snapshot::User*, Denial> find(const Claims& claims) const;

    const AccessTokens& tokens_;
    const SnapshotHolder& snapshots_;
};

}  // namespace townhall::guard
