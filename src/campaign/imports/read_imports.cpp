#include "campaign/imports/operations.hpp"
#include "platform/api/audit.hpp"
#include "platform/api/etag.hpp"
#include "platform/api/paging.hpp"

namespace townhall::campaign {

namespace {

// Behind the fence imports can't be written: the owner names the campaign.
constexpr db::Query<Import(db::Uuid, std::optional<std::int64_t>)> kLock{
    "imports.lock", db::Mode::write,
    "select " TOWNHALL_IMPORT_COLUMNS
    " from campaign.imports i where i.id = $1 and ($2 is null or i.campaign_id = $2) for update"};
constexpr db::Query<Import(db::Uuid, db::Json)> kCancel{
    "imports.cancel", db::Mode::write,
    "with i as (update campaign.imports i set cancel_wanted = true, updated_at = now() where i.id = $1"
    " and i.status in ('queued', 'running') returning *), audited as ("  //
    TOWNHALL_AUDIT("$2", "'import.canceled'", "'import:' || id", "campaign_id", "'{}'",
                   "i") ") select " TOWNHALL_IMPORT_COLUMNS " from i"};

constexpr std::array<const db::Statement*, 3> kQueries{&kGetImport, &kLock, &kCancel};

template <class Row>
void add_filters(db::Composed<Row>& query, const ListImports& in) {
    query.add(" from campaign.imports i where true");
    if (in.updated_since) query.add(" and i.updated_at >= ").bind(*in.updated_since);
}

}  // namespace

Task<Result<api::Page<Import>>> list_imports(ImportsDeps deps, api::Context& context, ListImports in) {
    if (in.page && in.after) co_return std::unexpected(api::page_and_after());
    const auto after = api::read_cursor(deps.cursors, context.route, in.after);
    if (!after) co_return std::unexpected(after.error());

    const db::Scope scope = import_scope(context.who);
    api::Page<Import> page;
    page.as_of = co_await deps.db.one(db::Scope::owner(), api::kAsOf);
    db::Composed<Import> query("imports.list", db::Mode::read);
    query.add("select " TOWNHALL_IMPORT_COLUMNS);
    add_filters(query, in);
    if (*after) query.add(" and i.id < ").bind(**after).add("::uuid");
    query.add(" order by i.id desc limit ").bind(in.per_page + 1);
    if (in.page) query.add(" offset ").bind((*in.page - 1) * in.per_page);
    page.items = co_await deps.db.all(scope, std::move(query));
    page.per_page = in.per_page;
    if (!in.after) page.page = in.page.value_or(1);
    db::Composed<std::int64_t> count("imports.count", db::Mode::read);
    count.add("select count(*) from (select");
    add_filters(count, in);
    count.add(" limit ").bind(api::kMostCounted).add(") counted");
    page.total = co_await deps.db.one(scope, std::move(count));
    page.total_is_estimate = *page.total == api::kMostCounted;
    api::end_page(page, deps.cursors, context.route, [](const Import& last) { return last.id.text; });
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
    const auto body = [&](db::Transaction& tx) -> Task<Result<api::Answer<Import>>> {
        const auto before = co_await tx.optional(kLock, in.id, context.who.campaign);
        if (!before) co_return std::unexpected(kNoSuchImport);
        if (auto error = api::check_change(context.conditions(), api::etag_of_value(*before)))
            co_return std::unexpected(*std::move(error));
        auto canceled = co_await tx.optional(kCancel, in.id, api::audit_by(context));
        if (!canceled) co_return std::unexpected(kImportEnded);
        co_return api::Answer<Import>{.value = *std::move(canceled), .status = 202};
    };
    co_return co_await deps.db.transaction(db::Scope::owner(), body);
}

std::span<const db::Statement* const> read_queries() { return kQueries; }

}  // namespace townhall::campaign
