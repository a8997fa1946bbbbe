#include <algorithm>

#include "importer/normalise/name.hpp"
#include "platform/api/etag.hpp"
#include "platform/api/paging.hpp"
#include "website/content/operations.hpp"

namespace townhall::website {

namespace {

/// A filter on a text, folded once for all items.
class Wanted {
  public:
    explicit Wanted(const Filter& filter) {
        if (filter) folded_ = importer::fold_name(*filter);
    }

    /// Whether a field is what the filter asks for.
    [[nodiscard]] bool is(const std::optional<std::string>& field) const {
        return !folded_ || (field && importer::fold_name(*field) == *folded_);
    }
    /// Whether a place is, or is in, the wanted one: "Karnataka" finds "Shivamogga, Karnataka, India".
    [[nodiscard]] bool holds(const std::optional<std::string>& place) const {
        if (!folded_) return true;
        return place && (" " + importer::fold_name(*place) + " ").contains(" " + *folded_ + " ");
    }

  private:
    std::optional<std::string> folded_;
};

bool is_flagged(std::optional<bool> wanted, bool flag) { return !wanted || *wanted == flag; }

bool has_service(const Filter& filter, const CaseStudy& study) {
    if (!filter) return true;
    const auto is_it = [&](const ServiceLink& service) { return service.id == *filter || service.slug == *filter; };
    return std::ranges::any_of(study.services, is_it);
}

/// What of a collection `q` finds, in the collection's order.
class Match {
  public:
    template <class T>
    Match(const Snapshot& snapshot, const Filter& q, const Collection<T>& all) : found_(all.items().size(), !q) {
        if (!q) return;
        for (const auto& hit : snapshot.words.find(*q)) {
            const std::size_t index = std::size_t{hit.document} - all.first_document();
            if (index < found_.size()) found_[index] = true;  // those before wrap round, and are beyond the end too
        }
    }
    [[nodiscard]] bool finds(std::size_t index) const { return found_[index]; }

  private:
    std::vector<bool> found_;
};

template <class T>
using Chosen = std::vector<const Published<T>*>;

template <class T, class IsChosen>
Chosen<T> choose(const Collection<T>& all, const IsChosen& is_chosen) {
    Chosen<T> chosen;
    for (std::size_t i = 0; i < all.items().size(); ++i)
        if (is_chosen(all.items()[i].item, i)) chosen.push_back(&all.items()[i]);
    return chosen;
}

/// The page of a chosen list that the request asks for.
template <class T>
Result<http::Response> show(const ContentDeps& deps, const api::Context& context, const Paging& in,
                            const Chosen<T>& chosen) {
    const auto after = api::read_cursor(deps.cursors, context.route, in.after);
    if (!after) return std::unexpected(after.error());
    const auto per_page = static_cast<std::size_t>(in.per_page);
    std::size_t from = static_cast<std::size_t>(in.page.value_or(1) - 1) * per_page;
    if (*after)
        from = static_cast<std::size_t>(std::ranges::upper_bound(chosen, **after, {}, &Published<T>::position) -
                                        chosen.begin());
    from = std::min(from, chosen.size());
    const std::size_t count = std::min(per_page, chosen.size() - from);

    std::vector<std::string_view> items;
    for (std::size_t i = from; i < from + count; ++i) items.push_back(chosen[i]->json());
    PageOf page{items, in.page.value_or(1), in.per_page, static_cast<std::int64_t>(chosen.size()), std::nullopt};
    if (in.after) page.page = std::nullopt;
    std::vector<std::pair<std::string, std::string>> headers{{"Cache-Control", std::string(kContentCaching)}};
    if (from + count < chosen.size() && count > 0) {
        page.next = api::write_cursor(deps.cursors, context.route, chosen[from + count - 1]->position);
        headers.emplace_back("Link", api::link_to_next(context.request, "after", *page.next));
    }
    http::Response response;
    response.content_type = "application/json";
    response.body = encode_page(page);
    std::string etag = api::etag_of_bytes(response.body);
    api::finish(response, context, 200, std::move(etag), std::move(headers));
    return response;
}

/// The whole list as it was made ready, unless the request asks for a part of it.
template <class T, class IsChosen>
Result<http::Response> list(const ContentDeps& deps, const api::Context& context, const Paging& in,
                            const Collection<T>& all, const IsChosen& is_chosen) {
    if (context.request.query.empty()) return all.whole().answer(context);
    return show<T>(deps, context, in, choose(all, is_chosen));
}

constexpr auto kEvery = [](const auto&, std::size_t) { return true; };

}  // namespace

Answered list_services(ContentDeps deps, api::Context& context, ListServices in) {
    return list(deps, context, in, deps.content.current().services, kEvery);
}

Answered list_case_studies(ContentDeps deps, api::Context& context, ListCaseStudies in) {
    const Snapshot& now = deps.content.current();
    const Match match(now, in.q, now.case_studies);
    const Wanted industry(in.industry);
    return list(deps, context, in, now.case_studies, [&](const CaseStudy& study, std::size_t index) {
        return industry.is(study.industry) && has_service(in.service, study) &&
               is_flagged(in.featured, study.featured) && match.finds(index);
    });
}

Answered list_impact_stories(ContentDeps deps, api::Context& context, ListImpactStories in) {
    const Snapshot& now = deps.content.current();
    const Match match(now, in.q, now.impact_stories);
    const Wanted location(in.location), category(in.category);
    return list(deps, context, in, now.impact_stories, [&](const ImpactStory& story, std::size_t index) {
        return location.holds(story.location) && category.is(story.category) &&
               is_flagged(in.featured, story.featured) && match.finds(index);
    });
}

Answered list_impact_metrics(ContentDeps deps, api::Context& context, ListImpactMetrics in) {
    const Wanted category(in.category), period(in.period);
    return list(deps, context, in, deps.content.current().impact_metrics, [&](const ImpactMetric& metric, std::size_t) {
        return category.is(metric.category) && period.is(metric.period);
    });
}

Answered list_team(ContentDeps deps, api::Context& context, ListTeam in) {
    return list(deps, context, in, deps.content.current().team, kEvery);
}

}  // namespace townhall::website
