#pragma once

#include <string>
#include <vector>

#include "website/content/fields.hpp"

namespace townhall::website {

/// An item with the words by which people find it.
template <class T>
struct Readable {
    T item;
    std::string text;  // without markup, the title left out
};

/// All items of a space, in the order in which lists give them. Slugs and ids are unique within each kind.
struct Library {
    std::vector<Readable<Service>> services;
    std::vector<Readable<CaseStudy>> case_studies;
    std::vector<Readable<ImpactStory>> impact_stories;
    std::vector<Readable<ImpactMetric>> impact_metrics;
    std::vector<Readable<TeamMember>> team;
};

/// Reads the entries of the content types `service`, `caseStudy`, `impactStory`, `impactMetric` and `teamMember`;
/// others count only where these link to them. Entries without a name or slug, and the second of one slug, are left
/// out with a warning. Throws ContentError when there is too much.
[[nodiscard]] Library read_library(Reading& reading);

// What a list is sorted by: text, so that a cursor can hold it. Ends with the id, so no two are equal.
[[nodiscard]] std::string position_of(const Service& service);
[[nodiscard]] std::string position_of(const CaseStudy& study);
[[nodiscard]] std::string position_of(const ImpactStory& story);
[[nodiscard]] std::string position_of(const ImpactMetric& metric);
[[nodiscard]] std::string position_of(const TeamMember& member);

}  // namespace townhall::website
