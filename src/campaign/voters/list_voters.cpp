#include <charconv>
#include <fmt/format.h>

#include "campaign/voters/filters.hpp"
#include "campaign/voters/operations.hpp"
#include "platform/api/paging.hpp"

namespace townhall::campaign {

namespace {

/// The position behind a voter, as text: its id, and for lists by name its folded names before that.
struct Position {
    std::string last, first;
    std::int64_t id = 0;
};

std::string to_text(const Position& at) { return fmt::format("{}\n{}\n{}", at.id, at.last, at.first); }

std::optional<Position> position_from(const std::string& text) {
    const std::size_t one = text.find('\n');
    const std::size_t two = one == std::string::npos ? one : text.find('\n', one + 1);
    if (two == std::string::npos) return std::nullopt;
    Position at{text.substr(one + 1, two - one - 1), text.substr(two + 1)};
    const auto read = std::from_chars(text.data(), text.data() + one, at.id);
    if (read.ec != std::errc{}) return std::nullopt;
    return at;
}

/// One row of a list: the voter, and where it stands in the list's order.
struct ListRow : VoterRow {
    Text last_folded, first_folded;
};
constexpr auto columns_of(std::type_identity<ListRow>) {
    return std::tuple_cat(columns_of(std::type_identity<VoterRow>{}),
                          std::tuple{&ListRow::last_folded, &ListRow::first_folded});
}

using ListQuery = db::Composed<ListRow>;

/// Pages of the whole list, by id: where they begin can be found without reading what is before.
bool jumps(const ListVoters& in) { return in.page && *in.page > 1 && in.sort == Sort::id && !in.filtered(); }
std::int64_t skipped_by(const ListVoters& in) { return (in.page.value_or(1) - 1) * in.per_page; }

/// Finds where page N begins in the index alone, without fetching the rows before it: `page_start`, of one row or none.
void find_page_start(ListQuery& query, const Principal& who, const ListVoters& in) {
    query.add("with page_start as materialized (");
    if (who.campaign)
        query.add("select m.voter_id as id from campaign.campaign_voters m where m.campaign_id = ")
            .bind(*who.campaign)
            .add(" and m.removed_at is null order by m.voter_id offset ");
    else
        query.add("select p.id from campaign.voters p where p.deleted_at is null order by p.id offset ");
    query.bind(skipped_by(in)).add(" limit 1) ");
}

/// Where rows begin, said of both sides of the view's join: a merge join would else walk all voters up to there.
/// `add_start` adds what the id is compared with.
void begin_at(ListQuery& query, const Principal& who, auto&& add_start) {
    if (who.campaign) {
        query.add(" and v.voter_id >= ");
        add_start();
    }
    query.add(" and v.id >= ");
    add_start();
}

ListQuery list_query(const Principal& who, const ListVoters& in, const std::optional<Position>& after,
                     const std::optional<ListFacts::Start>& start) {
    ListQuery query("voters.list", db::Mode::read);
    if (jumps(in) && !start) find_page_start(query, who, in);
    if (who.campaign)
        query
            .add("select " TOWNHALL_MEMBER_COLUMNS
                 ", v.last_folded, v.first_folded from campaign.members v where v.campaign_id = ")
            .bind(*who.campaign);
    else
        query.add("select " TOWNHALL_BASE_COLUMNS ", null::text, null::text from campaign.voters v where true");
    add_filters(query, who, in);
    const bool by_name = in.sort == Sort::last_name;
    if (after && by_name) {
        query.add(" and (v.last_folded, v.first_folded, v.voter_id) > (")
            .bind(after->last)
            .add(", ")
            .bind(after->first)
            .add(", ")
            .bind(after->id)
            .add(")");
    } else if (after) {
        begin_at(query, who, [&] { query.bind(after->id + 1); });
    }

    if (jumps(in))
        begin_at(query, who, [&] { start ? query.bind(start->id) : query.add("(select id from page_start)"); });
    if (by_name)
        query.add(" order by v.last_folded, v.first_folded, v.voter_id");
    else
        who.campaign ? query.add(" order by v.voter_id") : query.add(" order by v.id");
    query.add(" limit ").bind(in.per_page + 1);
    if (!jumps(in) && skipped_by(in) > 0) query.add(" offset ").bind(skipped_by(in));
    return query;
}

/// How many a filtered list holds.
db::Composed<std::int64_t> count_query(const Principal& who, const ListVoters& in) {
    db::Composed<std::int64_t> query("voters.count_filtered", db::Mode::read);
    query.add("select count(*) from (select from ");
    if (who.campaign)
        query.add("campaign.members v where v.campaign_id = ").bind(*who.campaign);
    else
        query.add("campaign.voters v where true");
    add_filters(query, who, in);
    if (in.count == Count::quick) query.add(" limit ").bind(api::kMostCounted);
    query.add(") counted");
    return query;
}

}  // namespace

Task<Result<api::Answer<api::Page<Voter>>>> list_voters(VotersDeps deps, api::Context& context, ListVoters in) {
    const Principal who = context.who;
    if (in.page && in.after)
        co_return std::unexpected(api::invalid_parameter("after", "conflict", "Give page or after, not both."));
    if (in.sort == Sort::last_name && !who.campaign)
        co_return std::unexpected(
            api::Error(api::kCampaignRequired, "Lists by name are a campaign's: add ?campaign_id=."));
    api::Answer<api::Page<Voter>> answer;
    api::Page<Voter>& page = answer.value;
    answer.headers.emplace_back("Cache-Control", "private, no-cache");

    if (in.q) {
        auto found = co_await search_voters(deps, who, in);
        if (!found) co_return std::unexpected(found.error());
        page = *std::move(found);
        co_return answer;
    }
    const std::string purpose = cursor_purpose(in.sort == Sort::id ? "voters" : "voters by name", who, in);
    const auto cursor = api::read_cursor(deps.cursors, purpose, in.after);
    if (!cursor) co_return std::unexpected(cursor.error());
    std::optional<Position> after;
    if (*cursor) {
        after = position_from(**cursor);
        if (!after) co_return std::unexpected(api::invalid_parameter("after", "format", "Not a cursor of this list."));
    }

    // Before the rows: what changes after they were read is then later than this.
    page.as_of = co_await deps.facts.as_of();
    const auto asked = std::chrono::steady_clock::now();
    const auto start = jumps(in) ? deps.facts.start_of_page(who.campaign, skipped_by(in)) : std::nullopt;
    // Filters may have to look at many rows, and so may deep pages: not in a lane that others share.
    const bool slow = in.filtered() || (!start && skipped_by(in) > 20'000);
    const db::Scope scope = slow ? scope_of(who).slow() : scope_of(who);
    auto rows = co_await deps.db.all(scope, list_query(who, in, after, start));
    if (in.page && in.sort == Sort::id && !in.filtered()) {
        // What began behind a start that was known is no younger than that.
        const auto seen = start ? start->at : asked;
        if (!start && jumps(in) && !rows.empty())
            deps.facts.remember_start(who.campaign, skipped_by(in), {rows.front().id, seen});
        if (std::ssize(rows) > in.per_page)
            deps.facts.remember_start(who.campaign, skipped_by(in) + in.per_page, {rows.back().id, seen});
    }
    if (!in.filtered()) {
        const auto total = co_await deps.facts.total(scope_of(who), in.count == Count::exact);
        page.total = total.count;
        page.total_is_estimate = total.estimate;
    } else {
        page.total = co_await deps.db.one(scope, count_query(who, in));
        page.total_is_estimate = in.count == Count::quick && *page.total == api::kMostCounted;
    }
    page.per_page = in.per_page;
    if (!in.after) page.page = in.page.value_or(1);
    if (static_cast<std::int64_t>(rows.size()) > in.per_page) {
        rows.pop_back();
        const ListRow& last = rows.back();
        page.next = api::write_cursor(
            deps.cursors, purpose, to_text({last.last_folded.value_or(""), last.first_folded.value_or(""), last.id}));
    }
    page.items.reserve(rows.size());
    for (ListRow& row : rows) page.items.push_back(shown_to(who, std::move(row)));
    co_return answer;
}

}  // namespace townhall::campaign
