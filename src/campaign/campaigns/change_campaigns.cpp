#include <algorithm>
#include <fmt/format.h>

#include "campaign/campaigns/operations.hpp"
#include "platform/api/audit.hpp"
#include "platform/api/idempotency.hpp"
#include "platform/api/member.hpp"
#include "platform/guard/uuid.hpp"

namespace townhall::campaign {

namespace {

constexpr db::Query<std::int64_t(db::Json, db::Json)> kInsert{
    "campaigns.create", db::Mode::write,
    "with made as (insert into campaign.campaigns (name, slug, description, office, jurisdiction, starts_on, "
    "election_on, time_zone,"
    " currency, is_default) select r.name, r.slug, r.description, r.office, r.jurisdiction, r.starts_on, r.election_on,"
    " coalesce(r.time_zone, 'America/New_York'), coalesce(r.currency, 'usd'), coalesce(r.is_default, false)"
    " from jsonb_populate_record(null::campaign.campaigns, $1) r returning id), audited as ("  //
    TOWNHALL_AUDIT("$2", "'campaign.created'", "'campaign:' || id", "id", "'{}'", "made") ") select id from made"};
constexpr db::Query<std::int64_t(std::int64_t, db::Json, db::Json)> kUpdate{
    "campaigns.change", db::Mode::write,
    "with changed as (update campaign.campaigns c set (name, slug, description, office, jurisdiction, starts_on, "
    "election_on, time_zone,"
    " currency, is_default) = (select r.name, r.slug, r.description, r.office, r.jurisdiction, r.starts_on,"
    " r.election_on, r.time_zone, r.currency, r.is_default from jsonb_populate_record(c, $2) r),"
    " updated_at = clock_timestamp() where c.id = $1 returning c.id), audited as ("  //
    TOWNHALL_AUDIT("$3", "'campaign.changed'", "'campaign:' || id", "id",
                   "jsonb_build_object('changed', (select jsonb_agg(k) from jsonb_object_keys($2) k))",
                   "changed") ") select id from changed"};
/// Locks the campaign before it is read. Rows that refer to it may be added meanwhile.
constexpr db::Query<std::int64_t(std::int64_t)> kLock{
    "campaigns.lock", db::Mode::write, "select id from campaign.campaigns where id = $1 for no key update"};
constexpr db::Query<void()> kNoDefault{
    "campaigns.no_default", db::Mode::write,
    "update campaign.campaigns set is_default = false, updated_at = clock_timestamp()"
    " where is_default"};
// The slug is free for another campaign, and what is left of it fits and meets no other: 80 characters with any id.
constexpr db::Query<std::int64_t(std::int64_t, db::Json)> kHide{
    "campaigns.hide", db::Mode::write,
    "with hidden as (update campaign.campaigns set deleted_at = now(), updated_at = clock_timestamp(), is_default = "
    "false,"
    " slug = rtrim(left(slug, 40), '-') || '-hidden-' || id || '-' || left(md5(random()::text), 8) where id = $1 and "
    "deleted_at is null returning id), audited as ("  //
    TOWNHALL_AUDIT("$2", "'campaign.hidden'", "'campaign:' || id", "id", "'{}'", "hidden") ") select id from hidden"};

constexpr std::array<const db::Statement*, 5> kQueries{&kInsert, &kUpdate, &kLock, &kNoDefault, &kHide};

/// "Smith for Senate" → "smith-for-senate".
std::string slug_of(std::string_view name) {
    std::string slug;
    for (const char c : name) {
        const char low = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        if ((low >= 'a' && low <= 'z') || (low >= '0' && low <= '9'))
            slug += low;
        else if (!slug.empty() && slug.back() != '-')
            slug += '-';
        if (slug.size() == 60) break;
    }
    while (slug.ends_with('-')) slug.pop_back();
    return slug.empty() ? "campaign" : slug;
}

Task<Result<Campaign>> read_back(db::Transaction& tx, std::int64_t id) {
    auto row = co_await tx.optional(kGetCampaign, id, std::nullopt);
    if (!row) co_return std::unexpected(kNoSuchCampaign);
    co_return *std::move(row);
}

/// The campaign, locked for the rest of the transaction, where it still meets the request's conditions.
Task<Result<Campaign>> read_for_change(db::Transaction& tx, const api::Context& context, std::int64_t id) {
    co_await tx.optional(kLock, id);
    auto campaign = co_await read_back(tx, id);
    if (!campaign) co_return std::unexpected(campaign.error());
    if (auto error = api::check_change(context.conditions(), etag_of(*campaign)))
        co_return std::unexpected(*std::move(error));
    co_return campaign;
}

api::Error slug_taken() { return {kSlugTaken, "Choose another slug."}; }

}  // namespace

Result<db::Json> columns_json(const CampaignFields& f) {
    api::Faults faults(api::Fault::In::body);
    const auto never_null = [&](const auto& value, std::string_view name) {
        const api::Faults::Step step(faults, name);
        if (value.is_null()) faults.add("required", "Can't be null.");
    };
    never_null(f.name, "name");
    never_null(f.slug, "slug");
    never_null(f.time_zone, "time_zone");
    never_null(f.currency, "currency");
    never_null(f.is_default, "is_default");
    if (f.currency.has_value() && !std::ranges::all_of(*f.currency, [](char c) { return c >= 'a' && c <= 'z'; })) {
        const api::Faults::Step step(faults, "currency");
        faults.add("format", "Must be an ISO 4217 code in lower case, such as usd.");
    }
    if (!faults.empty()) return std::unexpected(api::Error(api::kInvalid, {}, faults.take()));
    std::string out = "{";
    api::add_member(out, "name", f.name);
    api::add_member(out, "slug", f.slug);
    api::add_member(out, "description", f.description);
    api::add_member(out, "office", f.office);
    api::add_member(out, "jurisdiction", f.jurisdiction);
    api::add_member(out, "starts_on", f.starts_on);
    api::add_member(out, "election_on", f.election_on);
    api::add_member(out, "time_zone", f.time_zone);
    api::add_member(out, "currency", f.currency);
    api::add_member(out, "is_default", f.is_default);
    return db::Json{out + '}'};
}

Task<Result<api::Answer<Campaign>>> create_campaign(CampaignsDeps deps, api::Context& context, NewCampaign in) {
    in.name = in.title;
    // A slug that nobody chose must not stand in the way of a second campaign of the same name.
    if (!in.slug.has_value()) in.slug = fmt::format("{}-{}", slug_of(in.title), guard::new_id().substr(24, 6));
    const auto columns = columns_json(in);
    if (!columns) co_return std::unexpected(columns.error());
    const bool takes_default = in.is_default.value().value_or(false);
    try {
        co_return co_await api::once<Campaign>(
            deps.db, deps.answers, context, db::Scope::owner(), 201,
            [&](db::Transaction& tx) -> Task<Result<api::Answer<Campaign>>> {
                if (takes_default) co_await tx.execute(kNoDefault);
                const std::int64_t id = co_await tx.one(kInsert, *columns, api::audit_by(context));
                auto made = co_await read_back(tx, id);
                if (!made) co_return std::unexpected(made.error());
                api::Answer<Campaign> answer{.value = *std::move(made)};
                answer.etag = etag_of(answer.value);
                answer.headers.emplace_back("Location", fmt::format("/api/v1/campaigns/{}", id));
                co_return answer;
            });
    } catch (const db::StatementError& error) {
        if (error.constraint != "campaigns_slug_key") throw;
    }
    co_return std::unexpected(slug_taken());
}

Task<Result<api::Answer<Campaign>>> change_campaign(CampaignsDeps deps, api::Context& context, ChangeCampaign in) {
    const auto columns = columns_json(in);
    if (!columns) co_return std::unexpected(columns.error());
    const bool takes_default = in.is_default.value().value_or(false);
    try {
        co_return co_await deps.db.transaction(
            db::Scope::owner(), [&](db::Transaction& tx) -> Task<Result<api::Answer<Campaign>>> {
                if (const auto before = co_await read_for_change(tx, context, in.id); !before)
                    co_return std::unexpected(before.error());
                if (takes_default) co_await tx.execute(kNoDefault);
                co_await tx.one(kUpdate, in.id, *columns, api::audit_by(context));
                auto after = co_await read_back(tx, in.id);
                if (!after) co_return std::unexpected(after.error());
                std::string etag = etag_of(*after);
                co_return api::Answer<Campaign>{.value = *std::move(after), .etag = std::move(etag)};
            });
    } catch (const db::StatementError& error) {
        if (error.constraint != "campaigns_slug_key") throw;
    }
    co_return std::unexpected(slug_taken());
}

Task<Result<api::Answer<Campaign>>> replace_campaign(CampaignsDeps deps, api::Context& context, ReplaceCampaign in) {
    in.name = std::move(in.title);
    return change_campaign(deps, context, std::move(in));
}

Task<Result<api::Nothing>> hide_campaign(CampaignsDeps deps, api::Context& context, GetCampaign in) {
    co_return co_await deps.db.transaction(db::Scope::owner(), [&](db::Transaction& tx) -> Task<Result<api::Nothing>> {
        if (const auto before = co_await read_for_change(tx, context, in.id); !before)
            co_return std::unexpected(before.error());
        if (!co_await tx.optional(kHide, in.id, api::audit_by(context))) co_return std::unexpected(kNoSuchCampaign);
        co_return api::Nothing{};
    });
}

namespace {

constexpr api::Endpoint<ListCampaigns, api::Page<Campaign>> kListThem{.verb = api::get,
                                                                      .path = "/api/v1/campaigns",
                                                                      .summary = "List the campaigns you belong to",
                                                                      .who = api::Who::signed_in};
constexpr api::Endpoint<NewCampaign, Campaign> kPost{.verb = api::post,
                                                     .path = "/api/v1/campaigns",
                                                     .summary = "Add a campaign",
                                                     .who = api::Who::admin,
                                                     .success = 201,
                                                     .errors = {&kSlugTaken},
                                                     .idempotent_post = true};
constexpr api::Endpoint<GetCampaign, Campaign> kGet{.verb = api::get,
                                                    .path = "/api/v1/campaigns/{id}",
                                                    .summary = "Read a campaign",
                                                    .who = api::Who::signed_in,
                                                    .errors = {&kNoSuchCampaign}};
constexpr api::Endpoint<ReplaceCampaign, Campaign> kPut{
    .verb = api::put,
    .path = "/api/v1/campaigns/{id}",
    .summary = "Change a campaign: its name, and the other fields sent",
    .who = api::Who::admin,
    .errors = {&kNoSuchCampaign, &kSlugTaken, &api::kPreconditionFailed}};
constexpr api::Endpoint<ChangeCampaign, Campaign> kPatch{
    .verb = api::patch,
    .path = "/api/v1/campaigns/{id}",
    .summary = "Change a campaign: the fields sent",
    .who = api::Who::admin,
    .errors = {&kNoSuchCampaign, &kSlugTaken, &api::kPreconditionFailed}};
constexpr api::Endpoint<GetCampaign, api::Nothing> kDelete{.verb = api::del,
                                                           .path = "/api/v1/campaigns/{id}",
                                                           .summary = "Hide a campaign; its history stays",
                                                           .who = api::Who::admin,
                                                           .success = 204,
                                                           .errors = {&kNoSuchCampaign, &api::kPreconditionFailed}};

}  // namespace

std::span<const db::Statement* const> change_queries() { return kQueries; }

void add_campaign_routes(api::Router& router, const CampaignsDeps& deps) {
    router.add(kListThem, deps, list_campaigns);
    router.add(kPost, deps, create_campaign);
    router.add(kGet, deps, get_campaign);
    router.add(kPut, deps, replace_campaign);
    router.add(kPatch, deps, change_campaign);
    router.add(kDelete, deps, hide_campaign);
}

}  // namespace townhall::campaign
