#include "campaign/voters/filters.hpp"
#include "campaign/voters/operations.hpp"
#include "campaign/voters/readings.hpp"
#include "importer/normalise/name.hpp"
#include "platform/api/paging.hpp"

namespace townhall::campaign {

namespace {

constexpr std::int64_t kDeepest = 1'000;  // people narrow a search down; they don't leaf through it

// From `readings` (first, last, weight), the names that are meant, best first: `place` puts them in order. A pair has
// two names to tell people apart, so fewer of each are tried.
#define TOWNHALL_PLACES                                                                                      \
    " found as materialized (select w.kind, w.word, n.value, n.score, n.rank from"                           \
    " (select 'last' as kind, last as word from readings where last <> ''"                                   \
    " union select 'first', first from readings where first <> '') w"                                        \
    " cross join lateral campaign.nearest_names(w.kind, w.word, 24) with ordinality n(value, score, rank))," \
    " places as materialized (select t.last, t.first,"                                                       \
    " row_number() over (order by max(t.score) desc, t.last, t.first) as place from ("                       \
    "select l.value as last, null as first, l.score * r.weight as score"                                     \
    " from readings r join found l on l.kind = 'last' and l.word = r.last where r.first = ''"                \
    " union all select null, f.value, f.score * r.weight"                                                    \
    " from readings r join found f on f.kind = 'first' and f.word = r.first where r.last = ''"               \
    " union all select l.value, f.value, (l.score + f.score) / 2 * r.weight"                                 \
    " from readings r join found l on l.kind = 'last' and l.word = r.last and l.rank <= 12"                  \
    " join found f on f.kind = 'first' and f.word = r.first and f.rank <= 12) t group by t.last, t.first)"

// Voters at a kind of places, a row each, in the order of the whole: place, rest of the name, id. The nested loops keep
// the order of the places, so that LIMIT ends the walk early: the cost follows the page, not the number of voters.
#define TOWNHALL_HITS_AT(WHICH, REST)                                             \
    "(select p.place, m.rest, m.voter_id from (select * from places where " WHICH \
    " order by place) p cross join lateral (select v.voter_id, " REST " as rest from "
#define TOWNHALL_LAST_ALONE TOWNHALL_HITS_AT("first is null", "v.first_folded")
#define TOWNHALL_FIRST_ALONE TOWNHALL_HITS_AT("last is null", "''")
#define TOWNHALL_BOTH TOWNHALL_HITS_AT("first is not null and last is not null", "''")

// Whoever is at several places is at the best. The hits of each kind are the first of their kind in the same order, so
// the page is the same stretch of one list, however far it goes.
#define TOWNHALL_FOUND                                                      \
    " select " TOWNHALL_MEMBER_COLUMNS                                      \
    " from (select * from (select distinct on (h.voter_id) h.* from hits h" \
    " order by h.voter_id, h.place, h.rest) best order by place, rest, voter_id"
#define TOWNHALL_FOUND_END ") b join campaign.members v on v.voter_id = b.voter_id order by b.place, b.rest, b.voter_id"

using Words = std::vector<std::string>;

constexpr db::Query<VoterRow(Words, Words, std::vector<std::int64_t>, std::int64_t, std::int64_t)> kSearch{
    "voters.search", db::Mode::read,
    "with readings as (select * from unnest($1, $2, $3) r(first, last, weight))," TOWNHALL_PLACES
    ", hits as (" TOWNHALL_LAST_ALONE
    "campaign.campaign_voters v where v.last_folded = p.last and v.removed_at is null"
    " order by v.first_folded, v.voter_id limit $4 + $5) m limit $4 + $5) union all " TOWNHALL_FIRST_ALONE
    "campaign.campaign_voters v where v.first_folded = p.first and v.removed_at is null"
    " order by v.voter_id limit $4 + $5) m limit $4 + $5) union all " TOWNHALL_BOTH
    "campaign.campaign_voters v where v.last_folded = p.last and v.first_folded = p.first and v.removed_at is null"
    " order by v.voter_id limit $4 + $5) m limit $4 + $5))" TOWNHALL_FOUND " offset $4 limit $5" TOWNHALL_FOUND_END};

/// The same among those whom the filters let pass, however many bear the name: it is put together anew each time, and
/// runs where slow statements may.
db::Composed<VoterRow> filtered_search(const Principal& who, const ListVoters& in, const Readings& readings,
                                       std::int64_t skipped, std::int64_t limit) {
    db::Composed<VoterRow> query("voters.search_filtered", db::Mode::read);
    query.add("with readings as (select * from unnest(").bind(readings.firsts).add(", ").bind(readings.lasts);
    query.add(", ").bind(readings.weights).add(") r(first, last, weight))," TOWNHALL_PLACES ", hits as (");
    const auto end_of_hits = [&](db::Fragment order) {
        add_filters(query, who, in);
        query.add(order).bind(skipped + limit).add(") m limit ").bind(skipped + limit).add(")");
    };
    query.add(TOWNHALL_LAST_ALONE "campaign.members v where v.last_folded = p.last");
    end_of_hits(" order by v.first_folded, v.voter_id limit ");
    query.add(" union all " TOWNHALL_FIRST_ALONE "campaign.members v where v.first_folded = p.first");
    end_of_hits(" order by v.voter_id limit ");
    query.add(" union all " TOWNHALL_BOTH
              "campaign.members v where v.last_folded = p.last and v.first_folded = p.first");
    end_of_hits(" order by v.voter_id limit ");
    query.add(")" TOWNHALL_FOUND " offset ").bind(skipped).add(" limit ").bind(limit).add(TOWNHALL_FOUND_END);
    return query;
}

/// At most `limit` of those who are found, after the first `skipped`.
Task<std::vector<VoterRow>> find(const VotersDeps& deps, const Principal& who, const ListVoters& in,
                                 const std::string& folded, std::int64_t skipped, std::int64_t limit) {
    const db::Scope scope = scope_of(who);
    const Readings readings = readings_of(folded);
    if (in.filtered()) co_return co_await deps.db.all(scope.slow(), filtered_search(who, in, readings, skipped, limit));
    co_return co_await deps.db.all(scope, kSearch, readings.firsts, readings.lasts, readings.weights, skipped, limit);
}

constexpr std::array<const db::Statement*, 1> kQueries{&kSearch};

}  // namespace

Task<Result<api::Page<Voter>>> search_voters(VotersDeps deps, Principal who, ListVoters in) {
    if (!who.campaign)
        co_return std::unexpected(api::Error(api::kCampaignRequired, "A search is a campaign's: add ?campaign_id=."));
    if (in.sort != Sort::id)
        co_return std::unexpected(api::invalid_parameter("sort", "conflict", "A search has an order of its own."));
    const std::string folded = importer::fold_name(*in.q);
    const std::string purpose = cursor_purpose("search " + folded, who, in);
    const auto after = api::read_number_cursor(deps.cursors, purpose, in.after);
    if (!after) co_return std::unexpected(after.error());
    const std::int64_t skipped = after->value_or((in.page.value_or(1) - 1) * in.per_page);
    if (skipped + in.per_page > kDeepest)
        co_return std::unexpected(api::invalid_parameter("page", "max", "A search goes 1,000 voters deep."));

    api::Page<Voter> page;
    if (!in.after) page.page = in.page.value_or(1);
    page.per_page = in.per_page;
    page.as_of = co_await deps.facts.as_of();
    page.total = 0;
    if (folded.empty()) co_return page;
    std::vector<VoterRow> rows = co_await find(deps, who, in, folded, skipped, in.per_page + 1);
    // How many there are in all nobody counts: so many at least. But behind the end they can be counted.
    if (rows.empty() && skipped > 0)
        page.total = std::ssize(co_await find(deps, who, in, folded, 0, skipped));
    else
        page.total = skipped + std::ssize(rows);
    page.total_is_estimate = std::ssize(rows) > in.per_page;
    for (VoterRow& row : rows) page.items.push_back(shown_to(who, std::move(row)));
    const std::int64_t end = skipped + in.per_page;
    if (std::ssize(page.items) > in.per_page && end + in.per_page > kDeepest)
        page.items.pop_back();  // as deep as it goes
    else
        api::end_page(page, deps.cursors, purpose, [end](const Voter&) { return std::to_string(end); });
    co_return page;
}

std::span<const db::Statement* const> search_queries() { return kQueries; }

}  // namespace townhall::campaign
