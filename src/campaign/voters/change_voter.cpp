#include <fmt/format.h>

#include "campaign/voters/operations.hpp"
#include "campaign/voters/queries.hpp"
#include "importer/normalise/name.hpp"
#include "platform/api/audit.hpp"
#include "platform/api/etag.hpp"

namespace townhall::campaign {

namespace {

/// The text after the change.
std::string after(const api::Maybe<std::string>& change, const Text& before) {
    return (change.present() ? change.value() : before).value_or(std::string());
}

/// A new first number or address is not kept twice.
void take_from_others(const api::Maybe<std::string>& first, std::vector<std::string> others,
                      api::Maybe<std::vector<std::string>>& change) {
    if (!first.has_value() || change.present() || std::erase(others, *first) == 0) return;
    change = std::move(others);
}

/// What the voter's other values let the change be: the year of birth is the date's, where there is one.
std::optional<api::Error> fit_to(VoterChange& change, const VoterRow& before) {
    take_from_others(change.phone, before.other_phones.value_or(std::vector<std::string>()), change.phones);
    take_from_others(change.email, before.other_emails.value_or(std::vector<std::string>()), change.emails);
    if (!change.birth_year.present() || change.date_of_birth.present() || !before.date_of_birth) return std::nullopt;
    const int year = static_cast<int>(std::chrono::year_month_day(*before.date_of_birth).year());
    if (change.birth_year.value() == year) return std::nullopt;
    return api::invalid("/birth_year", "conflict", "Is not the year of the date of birth, which is changed with it.");
}

}  // namespace

Task<Result<api::Answer<Voter>>> change_voter(VotersDeps deps, api::Context& context, VoterChange in) {
    const Principal who = context.who;
    const auto& get = who.campaign ? kGetMember : kGetAny;

    co_return co_await deps.db.transaction(scope_of(who), [&](db::Transaction& tx) -> Task<Result<api::Answer<Voter>>> {
        if (!co_await tx.optional(kLock, in.id)) co_return std::unexpected(kNoSuchVoter);
        auto before = co_await tx.optional(get, in.id);
        if (!before) co_return std::unexpected(kNoSuchVoter);
        const std::string first = after(in.first_name, before->first_name);
        const std::string last = after(in.last_name, before->last_name);
        if (first.empty() && last.empty() && !before->external_id)
            co_return std::unexpected(api::invalid("/last_name", "required", "A first or a last name is required."));
        if (auto error = api::check_change(context.conditions(), etag_of(who, *before)))
            co_return std::unexpected(*std::move(error));
        if (auto error = fit_to(in, *before)) co_return std::unexpected(*std::move(error));
        const auto changed =
            co_await tx.one(kChange, in.id, columns_json(in), importer::fold_name(first), importer::fold_name(last));
        if (!changed) co_return std::unexpected(kNoSuchVoter);
        auto row = co_await tx.one(get, in.id);
        api::Answer<Voter> answer{.value = shown_to(who, std::move(row))};
        answer.etag = etag_of(who, answer.value);
        co_return answer;
    });
}

Task<Result<api::Nothing>> delete_voter(VotersDeps deps, api::Context& context, GetVoter in) {
    const Principal who = context.who;
    // A manager takes the voter out of the campaign; only an admin hides a person everywhere.
    auto done = co_await deps.db.transaction(scope_of(who), [&](db::Transaction& tx) -> Task<Result<api::Nothing>> {
        if (!co_await tx.optional(kLock, in.id)) co_return std::unexpected(kNoSuchVoter);
        const auto before = co_await tx.optional(who.campaign ? kGetMember : kGetAny, in.id);
        if (!before) co_return std::unexpected(kNoSuchVoter);
        if (auto error = api::check_change(context.conditions(), etag_of(who, *before)))
            co_return std::unexpected(*std::move(error));
        const auto gone = co_await tx.optional(who.campaign ? kUnlink : kHide, in.id);
        if (!gone) co_return std::unexpected(kNoSuchVoter);
        co_await api::audit(tx, api::audit_by(context),
                            {.action = who.campaign ? "voter.unlinked" : "voter.hidden",
                             .subject = fmt::format("voter:{}", in.id),
                             .campaign_id = who.campaign});
        co_return api::Nothing{};
    });
    if (done) deps.facts.forget_starts();
    co_return done;
}

}  // namespace townhall::campaign
