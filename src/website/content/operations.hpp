#pragma once

// The content's operations: for the files of this folder.

#include "website/content/content.hpp"

namespace townhall::website {

/// What every list takes.
struct Paging {
    std::int64_t per_page = kItemsPerPage;
    std::optional<std::int64_t> page;
    std::optional<std::string> after;
};
template <class... Filters>
constexpr auto list_schema(std::string_view name, Filters... filters) {
    return api::object(name, filters...,
                       api::query("per_page", &Paging::per_page, api::min<1>, api::max<200>, api::defaulted),
                       api::query("page", &Paging::page, api::min<1>, api::max<1'000'000>),
                       api::query("after", &Paging::after, api::max_len<1'000>));
}

/// A filter compares what is left of both sides without case, accents and punctuation.
using Filter = std::optional<std::string>;
template <class In>
constexpr auto filter(std::string_view name, Filter In::* member) {
    return api::query(name, member, api::min_len<1>, api::max_len<200>);
}

struct ListServices : Paging {};
constexpr auto schema_of(std::type_identity<ListServices>) { return list_schema("ListServices"); }

struct ListCaseStudies : Paging {
    Filter industry;
    Filter service;  // id or slug
    std::optional<bool> featured;
    Filter q;
};
constexpr auto schema_of(std::type_identity<ListCaseStudies>) {
    return list_schema("ListCaseStudies", filter("industry", &ListCaseStudies::industry),
                       filter("service", &ListCaseStudies::service), api::query("featured", &ListCaseStudies::featured),
                       filter("q", &ListCaseStudies::q));
}

struct ListImpactStories : Paging {
    Filter location;
    Filter category;
    std::optional<bool> featured;
    Filter q;
};
constexpr auto schema_of(std::type_identity<ListImpactStories>) {
    return list_schema("ListImpactStories", filter("location", &ListImpactStories::location),
                       filter("category", &ListImpactStories::category),
                       api::query("featured", &ListImpactStories::featured), filter("q", &ListImpactStories::q));
}

struct ListImpactMetrics : Paging {
    Filter category;
    Filter period;
};
constexpr auto schema_of(std::type_identity<ListImpactMetrics>) {
    return list_schema("ListImpactMetrics", filter("category", &ListImpactMetrics::category),
                       filter("period", &ListImpactMetrics::period));
}

struct ListTeam : Paging {};
constexpr auto schema_of(std::type_identity<ListTeam>) { return list_schema("ListTeam"); }

struct GetContent {
    std::string id;  // or slug
};
constexpr auto schema_of(std::type_identity<GetContent>) {
    return api::object("GetContent", api::path("id", &GetContent::id, api::max_len<200>));
}

struct GetAsset {
    std::string name;
};
constexpr auto schema_of(std::type_identity<GetAsset>) {
    return api::object("GetAsset", api::path("name", &GetAsset::name, api::max_len<255>));
}

struct Search : Paging {
    std::string q;
    std::optional<Kind> type;
};
constexpr auto schema_of(std::type_identity<Search>) {
    return list_schema("Search", api::query("q", &Search::q, api::min_len<1>, api::max_len<200>),
                       api::query("type", &Search::type));
}

/// What a search found: enough to show it and to fetch it.
struct Found {
    Kind type;
    std::string id;
    std::optional<std::string> slug;
    std::string title;
    std::string excerpt;  // plain text
    db::Timestamp updated_at;
};
constexpr auto schema_of(std::type_identity<Found>) {
    return api::object("Found", api::field("type", &Found::type), api::field("id", &Found::id),
                       api::field("slug", &Found::slug), api::field("title", &Found::title),
                       api::field("excerpt", &Found::excerpt), api::field("updated_at", &Found::updated_at));
}

using Answered = Result<http::Response>;

Answered list_services(ContentDeps deps, api::Context& context, ListServices in);
Answered list_case_studies(ContentDeps deps, api::Context& context, ListCaseStudies in);
Answered list_impact_stories(ContentDeps deps, api::Context& context, ListImpactStories in);
Answered list_impact_metrics(ContentDeps deps, api::Context& context, ListImpactMetrics in);
Answered list_team(ContentDeps deps, api::Context& context, ListTeam in);

Answered get_service(ContentDeps deps, api::Context& context, GetContent in);
Answered get_case_study(ContentDeps deps, api::Context& context, GetContent in);
Answered get_impact_story(ContentDeps deps, api::Context& context, GetContent in);
Answered get_team_member(ContentDeps deps, api::Context& context, GetContent in);
Answered get_asset(ContentDeps deps, api::Context& context, GetAsset in);

Result<api::Answer<api::Page<Found>>> search_content(ContentDeps deps, api::Context& context, Search in);

}  // namespace townhall::website
