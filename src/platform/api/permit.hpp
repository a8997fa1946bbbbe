#pragma once

#include <cstdint>
#include <optional>

#include "platform/api/error.hpp"
#include "platform/guard/authenticator.hpp"
#include "platform/guard/principal.hpp"
#include "platform/http/message.hpp"

namespace townhall::api {

/// Who may call an endpoint.
enum class Who : std::uint8_t {
    anyone,     // public; a token is neither needed nor looked at
    signed_in,  // any user, outside of any campaign
    editor,     // website staff: editors and admins
    admin,
    member,  // in the acting campaign, with at least the endpoint's role; admins without a campaign are unscoped
};

/// By what right a request is let in. An answer that goes on for long asks again whether it `holds`, so that whoever
/// loses a role, a session or an account loses it within seconds. Refers to the request: good for the exchange.
class Permit {
  public:
    Permit(const guard::Authenticator& authenticator, const http::Request& request, Who who, Role role)
        : authenticator_(&authenticator), request_(&request), who_(who), role_(role) {}

    /// Verifies the caller's token, unless the endpoint is public: 401.
    [[nodiscard]] std::optional<Error> identify();

    /// Who was identified; nobody on a public endpoint.
    [[nodiscard]] std::optional<std::int64_t> user_id() const {
        return caller_.claims.user_id == 0 ? std::nullopt : std::optional(caller_.claims.user_id);
    }

    /// The caller, in the campaign that the request names: 403, 404, 422, or 503 while roles are not known. Points into
    /// this permit.
    [[nodiscard]] Result<Principal> principal(std::optional<std::int64_t> campaign);

    /// Whether an admin names a campaign that we don't know (yet).
    [[nodiscard]] bool names_unknown(std::optional<std::int64_t> campaign) const;

    /// Whether both would let the request in now.
    [[nodiscard]] bool holds() const;

  private:
    [[nodiscard]] bool allows(const Principal& caller) const;

    const guard::Authenticator* authenticator_;
    const http::Request* request_;
    Who who_;
    Role role_;
    std::optional<std::int64_t> campaign_;
    guard::Caller caller_{};
};

}  // namespace townhall::api
