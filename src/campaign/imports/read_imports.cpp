#include "campaign/imports/operations.hpp"
#include "platform/api/audit.hpp"

namespace townhall::campaign {

namespace {

constexpr db::Query<Import(std::int64_t, std::int64_t)> kList{
    "imports.list", db::Mode::read,
    "select " TOWNHALL_IMPORT_COLUMNS " from campaign.imports i order by i.created_at desc, i.id limit $1 offset $2"};
constexpr db::Query<std::int64_t()> kCount{"imports.count", db::Mode::read, "select count(*) from campaign.imports"};

// Behind the fence imports can't be written: the owner names the campaign.
constexpr db::Query<Import(db::Uuid, std::optional<std::int64_t>, db::Json)> kCancel{
    "imports.cancel", db::Mode::write,
    "with i as (update campaign.imports i set cancel_wanted = true, updated_at = now() where i.id = $1"
    " and ($2 is null or i.campaign_id = $2) and i.status in ('queued', 'running') returning *), audited as ("  //
    TOWNHALL_AUDIT("$3", "'import.canceled'", "'import:' || id", "campaign_id", "'{}'",
                   "i") ") select " TOWNHALL_IMPORT_COLUMNS " from i"};

constexpr std::array<const db::Statement*, 4> kQueries{&kGetImport, &kList, &kCount, &kCancel};

}  // namespace

Task<Result<api::Page<Import>>> list_imports(ImportsDeps deps, Principal who, ListImports in) {
    api::Page<Import> page;
    page.items = co_await deps.db.all(import_scope(who), kList, in.per_page, (in.page - 1) * in.per_page);
    page.total = co_await deps.db.one(import_scope(who), kCount);
    page.page = in.page;
    page.per_page = in.per_page;
    co_return page;
}

Task<Result<api::Answer<Import>>> get_import(ImportsDeps deps, Principal who, GetImport in) {
    auto found = co_await deps.db.optional(import_scope(who), kGetImport, in.id);
    if (!found) co_return std::unexpected(kNoSuchImport);
    api::Answer<Import> answer{.value = *std::move(found)};
    answer.headers.emplace_back("Cache-Control", "private, no-cache");
    co_return answer;
}

Task<Result<api::Answer<Import>>> cancel_import(ImportsDeps deps, api::Context& context, GetImport in) {
    const Principal who = context.who;
    auto canceled = co_await deps.db.optional(db::Scope::owner(), kCancel, in.id, who.campaign, api::audit_by(context));
    if (canceled) co_return api::Answer<Import>{.value = *std::move(canceled), .status = 202};
    const auto there = co_await deps.db.optional(import_scope(who), kGetImport, in.id);
    if (!there) co_return std::unexpected(kNoSuchImport);
    co_return std::unexpected(kImportEnded);
}

std::span<const db::Statement* const> read_queries() { return kQueries; }

}  // namespace townhall::campaign
