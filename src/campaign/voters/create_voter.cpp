#include <fmt/format.h>

#include "campaign/voters/operations.hpp"
#include "campaign/voters/queries.hpp"
#include "importer/normalise/name.hpp"
#include "importer/record/identity.hpp"
#include "platform/api/idempotency.hpp"

namespace townhall::campaign {

namespace {

std::string_view text_or_empty(const api::Maybe<std::string>& value) {
    return value.has_value() ? std::string_view(*value) : std::string_view();
}

/// A voter without an id of its own is known by name, birth date and address, as in a file without ids.
std::string identity_of(const VoterDraft& draft) {
    if (draft.external_id && !draft.external_id->empty()) return *draft.external_id;
    importer::Person person{.first_name = text_or_empty(draft.first_name),
                            .middle_name = text_or_empty(draft.middle_name),
                            .last_name = text_or_empty(draft.last_name),
                            .suffix = text_or_empty(draft.suffix),
                            .date_of_birth = {},
                            .birth_year = {},
                            .address = text_or_empty(draft.address),
                            .address2 = text_or_empty(draft.address2),
                            .city = text_or_empty(draft.city),
                            .zip = text_or_empty(draft.zip)};
    if (draft.date_of_birth.has_value()) {
        const std::chrono::year_month_day day(*draft.date_of_birth);
        person.date_of_birth = importer::Date{static_cast<std::int16_t>(static_cast<int>(day.year())),
                                              static_cast<std::uint8_t>(static_cast<unsigned>(day.month())),
                                              static_cast<std::uint8_t>(static_cast<unsigned>(day.day()))};
    }
    if (draft.birth_year.has_value()) person.birth_year = static_cast<std::int16_t>(*draft.birth_year);
    return importer::identity_of(person);
}

}  // namespace

Task<Result<api::Answer<Voter>>> create_voter(VotersDeps deps, api::Context& context, VoterDraft in) {
    const Principal who = context.who;
    const std::string first = importer::fold_name(text_or_empty(in.first_name));
    const std::string last = importer::fold_name(text_or_empty(in.last_name));
    const std::string source = who.campaign ? fmt::format("campaign:{}", *who.campaign) : "manual";
    const db::Json columns = columns_json(in, source, identity_of(in));
    try {
        co_return co_await api::once<Voter>(deps.db, deps.answers, context, scope_of(who), 201,
                                            [&](db::Transaction& tx) -> Task<Result<api::Answer<Voter>>> {
                                                const std::int64_t id = co_await tx.one(kCreate, columns, first, last);
                                                auto row = co_await tx.one(who.campaign ? kGetMember : kGetAny, id);
                                                api::Answer<Voter> answer{.value = shown_to(who, std::move(row))};
                                                answer.etag = etag_of(who, answer.value);
                                                answer.headers.emplace_back("Location",
                                                                            fmt::format("/api/v1/voters/{}", id));
                                                co_return answer;
                                            });
    } catch (const db::StatementError& error) {
        if (error.constraint != "voters_source_identity_key") throw;
    }
    co_return std::unexpected(api::Error(kVoterExists, in.external_id
                                                           ? "The external id is taken."
                                                           : "Someone of this name, birth date and address is there."));
}

}  // namespace townhall::campaign
