#include "website/content/operations.hpp"

namespace townhall::website {

namespace {

/// Styles within a picture are let through; scripts are not, also where a browser opens the file itself.
constexpr std::string_view kPicturePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

template <class In, class T>
consteval api::Endpoint<In, T> read(std::string_view path, std::string_view summary) {
    return {.verb = api::get, .path = path, .summary = summary, .who = api::Who::anyone, .has_etag = true};
}
template <class T>
consteval api::Endpoint<GetContent, T> read_one(std::string_view path, std::string_view summary) {
    return {.verb = api::get,
            .path = path,
            .summary = summary,
            .who = api::Who::anyone,
            .errors = {&api::kNotFound},
            .has_etag = true};
}

constexpr auto kServices = read<ListServices, api::Page<Service>>("/api/services", "List the services offered");
constexpr auto kService = read_one<Service>("/api/services/{id}", "Read one service, by id or slug");
constexpr auto kCaseStudies =
    read<ListCaseStudies, api::Page<CaseStudy>>("/api/case-studies", "List or filter case studies, newest first");
constexpr auto kCaseStudy = read_one<CaseStudy>("/api/case-studies/{id}", "Read one case study, by id or slug");
constexpr auto kImpactStories = read<ListImpactStories, api::Page<ImpactStory>>(
    "/api/impact-stories", "List or filter impact stories, newest first");
constexpr auto kImpactStory = read_one<ImpactStory>("/api/impact-stories/{id}", "Read one impact story, by id or slug");
constexpr auto kImpactMetrics = read<ListImpactMetrics, api::Page<ImpactMetric>>(
    "/api/impact-metrics", "List or filter impact metrics, newest first");
constexpr auto kTeam = read<ListTeam, api::Page<TeamMember>>("/api/team", "List the team");
constexpr auto kTeamMember = read_one<TeamMember>("/api/team/{id}", "Read one member of the team, by id or slug");
constexpr auto kSearch = read<Search, api::Page<Found>>("/api/search", "Search all published content, best first");
constexpr api::Endpoint<GetAsset, api::Raw> kAsset{.verb = api::get,
                                                   .path = "/api/assets/{name}",
                                                   .summary = "Read a file that the content refers to",
                                                   .who = api::Who::anyone,
                                                   .errors = {&api::kNotFound},
                                                   .out_type = "*/*",
                                                   .policy = kPicturePolicy,
                                                   .embeddable = true,
                                                   .has_etag = true};

}  // namespace

void add_content_routes(api::Router& router, const ContentDeps& deps) {
    router.add(kServices, deps, list_services);
    router.add(kService, deps, get_service);
    router.add(kCaseStudies, deps, list_case_studies);
    router.add(kCaseStudy, deps, get_case_study);
    router.add(kImpactStories, deps, list_impact_stories);
    router.add(kImpactStory, deps, get_impact_story);
    router.add(kImpactMetrics, deps, list_impact_metrics);
    router.add(kTeam, deps, list_team);
    router.add(kTeamMember, deps, get_team_member);
    router.add(kSearch, deps, search_content);
    router.add(kAsset, deps, get_asset);
}

}  // namespace townhall::website
