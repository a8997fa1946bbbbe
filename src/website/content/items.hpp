#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "platform/api/schema.hpp"

/// What the website shows, as clients get it. Bodies (`description`, `challenge`, `solution`, `story`, `bio`) are HTML
/// that is safe to put into a page, whatever the source held.
namespace townhall::website {

struct Asset {
    std::string url;
    std::optional<std::int64_t> width;  // pixels; none where the source does not tell
    std::optional<std::int64_t> height;
    std::string content_type;
    std::string alt;
};
constexpr auto schema_of(std::type_identity<Asset>) {
    return api::object("Asset", api::field("url", &Asset::url), api::field("width", &Asset::width),
                       api::field("height", &Asset::height), api::field("content_type", &Asset::content_type),
                       api::field("alt", &Asset::alt));
}

struct Feature {
    std::string title;
    std::optional<std::string> description;
};
constexpr auto schema_of(std::type_identity<Feature>) {
    return api::object("Feature", api::field("title", &Feature::title),
                       api::field("description", &Feature::description));
}

struct Service {
    std::string id;
    std::string slug;
    std::string name;
    std::string description;
    std::optional<Asset> icon;
    std::vector<Feature> features;
    std::int64_t order = 0;
    db::Timestamp updated_at;
};
constexpr auto schema_of(std::type_identity<Service>) {
    return api::object("Service", api::field("id", &Service::id), api::field("slug", &Service::slug),
                       api::field("name", &Service::name), api::field("description", &Service::description),
                       api::field("icon", &Service::icon), api::field("features", &Service::features),
                       api::field("order", &Service::order), api::field("updated_at", &Service::updated_at));
}

/// A service as a case study shows it.
struct ServiceLink {
    std::string id;
    std::string slug;
    std::string name;
    std::optional<Asset> icon;
};
constexpr auto schema_of(std::type_identity<ServiceLink>) {
    return api::object("ServiceLink", api::field("id", &ServiceLink::id), api::field("slug", &ServiceLink::slug),
                       api::field("name", &ServiceLink::name), api::field("icon", &ServiceLink::icon));
}

/// What a case study achieved: "Time to label a scan", "−62 %".
struct StudyResult {
    std::string metric;
    std::optional<std::string> value;
    std::optional<std::string> description;
};
constexpr auto schema_of(std::type_identity<StudyResult>) {
    return api::object("StudyResult", api::field("metric", &StudyResult::metric),
                       api::field("value", &StudyResult::value), api::field("description", &StudyResult::description));
}

struct CaseStudy {
    std::string id;
    std::string slug;
    std::string title;
    std::optional<std::string> client;
    std::optional<std::string> industry;
    std::vector<ServiceLink> services;
    std::string challenge;
    std::string solution;
    std::vector<StudyResult> results;
    std::optional<Asset> image;
    bool featured = false;
    db::Timestamp published_at;
    db::Timestamp updated_at;
};
constexpr auto schema_of(std::type_identity<CaseStudy>) {
    return api::object("CaseStudy", api::field("id", &CaseStudy::id), api::field("slug", &CaseStudy::slug),
                       api::field("title", &CaseStudy::title), api::field("client", &CaseStudy::client),
                       api::field("industry", &CaseStudy::industry), api::field("services", &CaseStudy::services),
                       api::field("challenge", &CaseStudy::challenge), api::field("solution", &CaseStudy::solution),
                       api::field("results", &CaseStudy::results), api::field("image", &CaseStudy::image),
                       api::field("featured", &CaseStudy::featured),
                       api::field("published_at", &CaseStudy::published_at),
                       api::field("updated_at", &CaseStudy::updated_at));
}

struct ImpactStory {
    std::string id;
    std::string slug;
    std::string title;
    std::string story;
    std::optional<std::string> person;
    std::optional<std::string> location;
    std::optional<std::string> category;
    std::optional<Asset> image;
    bool featured = false;
    db::Timestamp published_at;
    db::Timestamp updated_at;
};
constexpr auto schema_of(std::type_identity<ImpactStory>) {
    return api::object("ImpactStory", api::field("id", &ImpactStory::id), api::field("slug", &ImpactStory::slug),
                       api::field("title", &ImpactStory::title), api::field("story", &ImpactStory::story),
                       api::field("person", &ImpactStory::person), api::field("location", &ImpactStory::location),
                       api::field("category", &ImpactStory::category), api::field("image", &ImpactStory::image),
                       api::field("featured", &ImpactStory::featured),
                       api::field("published_at", &ImpactStory::published_at),
                       api::field("updated_at", &ImpactStory::updated_at));
}

struct ImpactMetric {
    std::string id;
    std::string name;
    double value = 0;
    std::optional<std::string> unit;
    std::optional<std::string> category;
    std::optional<std::string> period;
    std::optional<db::Date> as_of;
    db::Timestamp updated_at;
};
constexpr auto schema_of(std::type_identity<ImpactMetric>) {
    return api::object("ImpactMetric", api::field("id", &ImpactMetric::id), api::field("name", &ImpactMetric::name),
                       api::field("value", &ImpactMetric::value), api::field("unit", &ImpactMetric::unit),
                       api::field("category", &ImpactMetric::category), api::field("period", &ImpactMetric::period),
                       api::field("as_of", &ImpactMetric::as_of), api::field("updated_at", &ImpactMetric::updated_at));
}

struct TeamMember {
    std::string id;
    std::string slug;
    std::string name;
    std::optional<std::string> role;
    std::string bio;
    std::optional<Asset> image;
    std::int64_t order = 0;
    db::Timestamp updated_at;
};
constexpr auto schema_of(std::type_identity<TeamMember>) {
    return api::object("TeamMember", api::field("id", &TeamMember::id), api::field("slug", &TeamMember::slug),
                       api::field("name", &TeamMember::name), api::field("role", &TeamMember::role),
                       api::field("bio", &TeamMember::bio), api::field("image", &TeamMember::image),
                       api::field("order", &TeamMember::order), api::field("updated_at", &TeamMember::updated_at));
}

}  // namespace townhall::website
