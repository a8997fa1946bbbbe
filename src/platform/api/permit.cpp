#include "platform/api/permit.hpp"

namespace townhall::api {

namespace {

Error denied(guard::Denial denial) {
    switch (denial) {
        case guard::Denial::campaign_required:
            return {kCampaignRequired, "Name a campaign with ?campaign_id=."};
        case guard::Denial::not_a_member:
            return {kForbidden, "The campaign is not one of yours."};
        case guard::Denial::no_such_campaign:
            return {kNotFound, "There is no such campaign."};
        case guard::Denial::unavailable:
            return unavailable(2, "Roles can't be checked at the moment.");
        case guard::Denial::no_credentials:
            return Error(kUnauthorized, "Send Authorization: Bearer.").with("WWW-Authenticate", "Bearer");
        default:
            break;
    }
    return Error(kUnauthorized, "The access token is not valid (any more).")
        .with("WWW-Authenticate", R"(Bearer error="invalid_token")");
}

}  // namespace

std::optional<Error> Permit::identify() {
    if (who_ == Who::anyone) return std::nullopt;
    auto known = authenticator_->authenticate(request_->header("authorization"));
    if (!known) return denied(known.error());
    caller_ = *known;
    return std::nullopt;
}

Result<Principal> Permit::principal(std::optional<std::int64_t> campaign) {
    campaign_ = campaign;
    if (who_ == Who::anyone) return Principal{};
    const auto caller =
        who_ == Who::member ? authenticator_->principal(caller_, campaign) : authenticator_->principal(caller_);
    if (!caller) return std::unexpected(denied(caller.error()));
    if (!allows(*caller)) return std::unexpected(Error(kForbidden, "Your role does not allow this."));
    return *caller;
}

bool Permit::names_unknown(std::optional<std::int64_t> campaign) const {
    if (who_ != Who::member || !campaign) return false;
    const auto caller = authenticator_->principal(caller_, campaign);
    return !caller && caller.error() == guard::Denial::no_such_campaign;
}

bool Permit::allows(const Principal& caller) const {
    switch (who_) {
        case Who::anyone:
        case Who::signed_in:
            return true;
        case Who::editor:
            return caller.is_admin || caller.is_editor;
        case Who::admin:
            return caller.is_admin;
        case Who::member:
            return caller.at_least(role_);
    }
    return false;
}

bool Permit::holds() const {
    Permit now = *this;
    return !now.identify() && now.principal(campaign_);
}

}  // namespace townhall::api
