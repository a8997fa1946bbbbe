#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <fmt/format.h>

#include "campaign/imports/mapping.hpp"
#include "campaign/imports/operations.hpp"
#include "campaign/imports/sources.hpp"
#include "platform/api/audit.hpp"
#include "platform/api/idempotency.hpp"
#include "platform/api/prefer.hpp"
#include "platform/guard/uuid.hpp"

namespace townhall::campaign {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLongestWait{60};
constexpr std::chrono::seconds kTimeToAnswer{1};

using Text = std::optional<std::string>;

// The import and its job: both or neither.
constexpr db::Query<Import(db::Uuid, std::int64_t, std::int64_t, Text, std::string, std::int64_t, std::string,
                           std::string, bool, std::optional<db::Json>, db::Json)>
    kQueue{"imports.queue", db::Mode::write,
           "with i as (insert into campaign.imports (id, campaign_id, created_by, filename, object_key, size, source,"
           " on_match, dry_run, mapping) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning *),"
           " job as (insert into core.jobs (kind, subject, payload, max_attempts)"
           " select 'voters.import', 'import:' || i.id, jsonb_build_object('id', i.id), null from i),"
           " audited as (" TOWNHALL_AUDIT("$11", "'import.started'", "'import:' || id", "campaign_id", "'{}'", "i") ")"
           " select " TOWNHALL_IMPORT_COLUMNS " from i"};

constexpr db::Query<std::int32_t(std::string, std::int64_t)> kTakenSource{
    "imports.source_taken", db::Mode::read,
    "select 1 from campaign.sources s where s.source = $1 and s.campaign_id is distinct from $2"};

constexpr std::array<const db::Statement*, 2> kQueries{&kQueue, &kTakenSource};

/// What is wrong with the options by themselves, every fault of them.
std::optional<api::Error> faults_of(const UploadOptions& in) {
    std::optional<api::Error> error;
    if (in.mapping)
        if (auto mapping = read_mapping(*in.mapping); !mapping) error = std::move(mapping.error());
    if (in.source && is_reserved_source(*in.source)) {
        auto reserved = api::invalid_parameter(
            "source", "reserved", "Is a name that we give. A state's file is recognised, and needs no source.");
        if (error)
            error->faults.push_back(std::move(reserved.faults.front()));
        else
            error = std::move(reserved);
    }
    return error;
}

/// Seconds of `Prefer: wait=30`, at most a minute, and no longer than the request may last.
std::chrono::seconds wanted_wait(const api::Context& context) {
    const std::string asked = api::preference(context.request, "wait").value_or("");
    int seconds = 0;
    std::from_chars(asked.data(), asked.data() + asked.size(), seconds);
    const auto left = std::chrono::floor<std::chrono::seconds>(context.request.deadline - clock::now()) - kTimeToAnswer;
    return std::clamp(std::chrono::seconds(seconds), {}, std::clamp(left, {}, kLongestWait));
}

/// Until the import is done, or the client has waited as long as it will, or the server stops.
Task<Import> wait_for_end(const ImportsDeps& deps, db::Scope scope, Import import, std::chrono::seconds patience) {
    const auto deadline = clock::now() + patience;
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    for (auto pause = std::chrono::milliseconds(20);
         !final(import) && clock::now() < deadline && !deps.events.closing();
         pause = std::min(pause * 2, std::chrono::milliseconds(500))) {
        timer.expires_after(pause);
        co_await timer.async_wait(boost::asio::use_awaitable);
        if (auto now = co_await deps.db.optional(scope, kGetImport, import.id)) import = *std::move(now);
    }
    co_return import;
}

/// Makes the import of a stored file, once per key where there is one.
Task<Result<api::Answer<Import>>> queue(ImportsDeps deps, api::Context& context, UploadOptions in, Stored file,
                                        db::Uuid id) {
    auto key = api::idempotency_key(context, file.sha256);
    if (!key) co_return std::unexpected(key.error());
    const std::int64_t campaign = *context.who.campaign;
    const auto body = [&](db::Transaction& tx) -> Task<Result<api::Answer<Import>>> {
        api::Answer<Import> answer{
            .value = co_await tx.one(
                kQueue, id, campaign, context.who.user_id, file.filename, file.key,
                static_cast<std::int64_t>(file.size), in.source.value_or(fmt::format("campaign:{}", campaign)),
                in.on_match == Match::skip ? "skip" : "update", in.dry_run,
                in.mapping ? std::optional(db::Json{*in.mapping}) : std::nullopt, api::audit_by(context)),
            .status = 202};
        answer.headers.emplace_back("Location", "/api/v1/voters/imports/" + id.text);
        co_return answer;
    };
    try {
        co_return co_await api::once<Import>(deps.db, deps.answers, *std::move(key), db::Scope::owner(), 202, body);
    } catch (const db::StatementError& error) {
        if (error.constraint != "imports_campaign_id_fkey") throw;
    }
    co_return std::unexpected(api::invalid_parameter("campaign_id", "unknown", "There is no such campaign."));
}

}  // namespace

Task<Result<api::Answer<Import>>> upload(ImportsDeps deps, api::Context& context, UploadOptions in) {
    const Principal who = context.who;
    if (!who.campaign)
        co_return std::unexpected(
            api::Error(api::kCampaignRequired, "Voters are imported into a campaign: add ?campaign_id=."));
    if (auto error = faults_of(in)) co_return std::unexpected(*std::move(error));
    const auto key = api::idempotency_key(context);
    if (!key) co_return std::unexpected(key.error());
    // Told before the body is sent; the claim itself is made when the import begins.
    if (in.source && !who.is_admin &&
        co_await deps.db.optional(db::Scope::owner(), kTakenSource, *in.source, *who.campaign))
        co_return std::unexpected(kSourceTaken);
    const std::string id = guard::new_id();
    const auto stored =
        co_await store_file(deps.store, context.request, deps.most_bytes, "imports/" + id, *key ? &deps.cpu : nullptr);
    if (!stored) co_return std::unexpected(stored.error());

    auto answer = co_await queue(deps, context, std::move(in), *stored, {id});
    if (!answer || answer->kept_body) {  // no import was made of this file
        co_await deps.store.remove(stored->key);
        co_return answer;
    }
    deps.jobs.wake();

    const auto patience = wanted_wait(context);
    if (patience.count() == 0) co_return answer;
    answer->value = co_await wait_for_end(deps, import_scope(who), std::move(answer->value), patience);
    answer->status = final(answer->value) ? 201 : 202;
    answer->headers.emplace_back("Preference-Applied", fmt::format("wait={}", patience.count()));
    co_return answer;
}

std::span<const db::Statement* const> upload_queries() { return kQueries; }

}  // namespace townhall::campaign
