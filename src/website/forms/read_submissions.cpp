#include "platform/api/paging.hpp"
#include "website/forms/operations.hpp"

namespace townhall::website {

inline constexpr api::ErrorCode kNoSuchSubmission{"no_such_submission", 404, "There is no such submission"};

namespace {

constexpr char kColumns[] =
    "select s.id, s.type, s.status, s.received_at, s.data,"
    " (select coalesce(jsonb_agg(jsonb_build_object('kind', j.kind, 'status', j.state, 'attempts', j.attempt,"
    " 'last_error', j.last_error) order by j.id), '[]') from core.jobs j where j.subject = 'submission:' || s.id)"
    " from website.submissions s";

template <class Row>
void add_filters(db::Composed<Row>& query, const ListSubmissions& in) {
    if (in.type) query.add(" and s.type = ").bind(*in.type);
    if (in.status) query.add(" and s.status = ").bind(*in.status);
    // Follow-ups are told with their submission, so one that has ended is a change of it.
    if (in.updated_since)
        query.add(" and s.id in (select id from website.submissions where updated_at >= ")
            .bind(*in.updated_since)
            .add(
                " union all select substr(subject, length('submission:') + 1)::uuid from core.jobs"
                " where subject like 'submission:%' and state in ('succeeded', 'dead') and finished_at >= ")
            .bind(*in.updated_since)
            .add(")");
}

}  // namespace

Task<Result<Submission>> get_submission(FormsDeps deps, GetSubmission in) {
    db::Composed<Submission> query("forms.get_submission", db::Mode::read);
    query.add(kColumns).add(" where s.id = ").bind(in.id);
    auto found = co_await deps.db.optional(db::Scope::owner(), std::move(query));
    if (!found) co_return std::unexpected(kNoSuchSubmission);
    co_return *std::move(found);
}

Task<Result<api::Page<Submission>>> list_submissions(FormsDeps deps, api::Context& context, ListSubmissions in) {
    if (in.page && in.after) co_return std::unexpected(api::page_and_after());
    const auto after = api::read_cursor(deps.cursors, context.route, in.after);
    if (!after) co_return std::unexpected(after.error());

    api::Page<Submission> page;
    page.as_of = co_await deps.db.one(db::Scope::owner(), api::kAsOf);
    const db::Scope scope = in.updated_since ? db::Scope::owner().slow() : db::Scope::owner();
    db::Composed<Submission> query("forms.list_submissions", db::Mode::read);
    query.add(kColumns).add(" where true");
    add_filters(query, in);
    if (*after) query.add(" and s.id < ").bind(**after).add("::uuid");
    query.add(" order by s.id desc limit ").bind(in.per_page + 1);
    if (in.page) query.add(" offset ").bind((*in.page - 1) * in.per_page);

    page.items = co_await deps.db.all(scope, std::move(query));
    page.per_page = in.per_page;
    if (!in.after) page.page = in.page.value_or(1);
    db::Composed<std::int64_t> count("forms.count_submissions", db::Mode::read);
    count.add("select count(*) from (select from website.submissions s where true");
    add_filters(count, in);
    count.add(" limit ").bind(api::kMostCounted).add(") counted");
    page.total = co_await deps.db.one(scope, std::move(count));
    page.total_is_estimate = *page.total == api::kMostCounted;
    api::end_page(page, deps.cursors, context.route, [](const Submission& last) { return last.id.text; });
    co_return page;
}

}  // namespace townhall::website
