#include "campaign/voters/filters.hpp"
#include "campaign/voters/operations.hpp"
#include "importer/normalise/name.hpp"
#include "platform/api/paging.hpp"

namespace townhall::campaign {

namespace {

constexpr std::int64_t kDeepest = 1'000;  // people narrow a search down; they don't leaf through it

// The nested loops keep the order of the names found, so that LIMIT ends the walk early: the cost follows the page, not
// the number of voters.
#define TOWNHALL_MATCHED                                                             \
    " select " TOWNHALL_MEMBER_COLUMNS                                               \
    " from (select h.voter_id, max(h.score) as score from hits h"                    \
    " group by h.voter_id order by 2 desc, 1 offset $2 limit $3) b"                  \
    " join campaign.members v on v.voter_id = b.voter_id where v.deleted_at is null" \
    " order by b.score desc, b.voter_id"

constexpr db::Query<VoterRow(std::string, std::int64_t, std::int64_t)> kByOneWord{
    "voters.search_word", db::Mode::read,
    "with hits as ("
    "(select n.score, m.voter_id from (select * from campaign.nearest_names('last', $1, 24)) n cross join lateral"
    " (select l.voter_id from campaign.campaign_voters l where l.last_folded = n.value and l.removed_at is null"
    " order by l.first_folded, l.voter_id limit $2 + $3) m limit $2 + $3)"
    " union all "
    "(select n.score * 0.95, m.voter_id from (select * from campaign.nearest_names('first', $1, 24)) n cross join "
    "lateral"
    " (select l.voter_id from campaign.campaign_voters l where l.first_folded = n.value and l.removed_at is null"
    " order by l.voter_id limit $2 + $3) m limit $2 + $3))" TOWNHALL_MATCHED};

constexpr db::Query<VoterRow(std::string, std::int64_t, std::int64_t, std::string)> kByTwoWords{
    "voters.search_words", db::Mode::read,
    "with pairs as (select l.value as last, f.value as first, l.score + f.score as score"
    " from campaign.nearest_names('last', $4, 12) l cross join campaign.nearest_names('first', $1, 12) f"
    " union all select l.value, f.value, (l.score + f.score) * 0.95"
    " from campaign.nearest_names('last', $1, 12) l cross join campaign.nearest_names('first', $4, 12) f),"
    " hits as (select p.score, m.voter_id from (select * from pairs order by score desc) p cross join lateral"
    " (select l.voter_id from campaign.campaign_voters l where l.last_folded = p.last and l.first_folded = p.first"
    " and l.removed_at is null order by l.voter_id limit $2 + $3) m limit $2 + $3)" TOWNHALL_MATCHED};

/// With filters the best matches may all be filtered away, so more of them are looked at; they are put together anew
/// each time, and run where slow statements may.
constexpr std::int64_t kLookedAt = 2'000;

void add_hits_of_word(db::Composed<VoterRow>& query, const std::string& word) {
    query.add("select n.score, m.voter_id from campaign.nearest_names('last', ")
        .bind(word)
        .add(
            ", 24) n cross join lateral (select l.voter_id from campaign.campaign_voters l"
            " where l.last_folded = n.value limit ")
        .bind(kLookedAt)
        .add(") m union all select n.score * 0.95, m.voter_id from campaign.nearest_names('first', ")
        .bind(word)
        .add(
            ", 24) n cross join lateral (select l.voter_id from campaign.campaign_voters l"
            " where l.first_folded = n.value limit ")
        .bind(kLookedAt)
        .add(") m");
}

void add_hits_of_pair(db::Composed<VoterRow>& query, const std::string& first, const std::string& last) {
    query.add("select a.score + b.score as score, m.voter_id from campaign.nearest_names('last', ")
        .bind(last)
        .add(", 12) a cross join campaign.nearest_names('first', ")
        .bind(first)
        .add(
            ", 12) b cross join lateral (select l.voter_id from campaign.campaign_voters l"
            " where l.last_folded = a.value and l.first_folded = b.value limit ")
        .bind(kLookedAt)
        .add(") m");
}

db::Composed<VoterRow> filtered_search(const Principal& who, const ListVoters& in, const std::string& first,
                                       const std::optional<std::string>& last, std::int64_t skipped) {
    db::Composed<VoterRow> query("voters.search_filtered", db::Mode::read);
    query.add("select " TOWNHALL_MEMBER_COLUMNS " from (select h.voter_id, max(h.score) as score from (");
    if (!last) {
        add_hits_of_word(query, first);
    } else {
        // Either order, as without filters: the order that was meant counts a little more.
        add_hits_of_pair(query, first, *last);
        query.add(" union all select o.score * 0.95, o.voter_id from (");
        add_hits_of_pair(query, *last, first);
        query.add(") o");
    }
    query.add(") h group by h.voter_id) b join campaign.members v on v.voter_id = b.voter_id where true");
    add_filters(query, who, in);
    query.add(" order by b.score desc, b.voter_id offset ").bind(skipped).add(" limit ").bind(in.per_page + 1);
    return query;
}

constexpr std::array<const db::Statement*, 2> kQueries{&kByOneWord, &kByTwoWords};

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
    const std::size_t blank = folded.find(' ');
    const db::Scope scope = scope_of(who);
    const std::string first_word = folded.substr(0, blank);
    // The first and the last word: what stands between is middle names.
    const auto last_word =
        blank == std::string::npos ? std::nullopt : std::optional(folded.substr(folded.rfind(' ') + 1));
    std::vector<VoterRow> rows;
    if (in.filtered())
        rows = co_await deps.db.all(scope.slow(), filtered_search(who, in, first_word, last_word, skipped));
    else if (!last_word)
        rows = co_await deps.db.all(scope, kByOneWord, folded, skipped, in.per_page + 1);
    else
        rows = co_await deps.db.all(scope, kByTwoWords, first_word, skipped, in.per_page + 1, *last_word);
    // How many there are in all nobody counts: so many at least.
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
