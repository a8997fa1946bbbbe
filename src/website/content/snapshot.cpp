#include "website/content/snapshot.hpp"

#include <array>
#include <utility>

#include "platform/api/paging.hpp"

namespace townhall::website {

namespace {

constexpr std::string_view kFileCaching = "public, max-age=86400, stale-while-revalidate=604800";

// By the file's name alone, never by its bytes: nobody but the folder's owner puts files there.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kTypes{{{".svg", "image/svg+xml"},
                                                                               {".png", "image/png"},
                                                                               {".jpg", "image/jpeg"},
                                                                               {".jpeg", "image/jpeg"},
                                                                               {".webp", "image/webp"},
                                                                               {".avif", "image/avif"},
                                                                               {".gif", "image/gif"},
                                                                               {".pdf", "application/pdf"},
                                                                               {".mp4", "video/mp4"}}};

std::string_view type_of(std::string_view name) {
    for (const auto& [ending, type] : kTypes)
        if (name.ends_with(ending)) return type;
    return {};
}

template <class T>
std::string encoded(const T& value) {
    std::string out;
    api::encode(out, value);
    return out;
}

template <class T>
constexpr Kind kind_of() {
    if constexpr (std::is_same_v<T, Service>) return Kind::service;
    if constexpr (std::is_same_v<T, CaseStudy>) return Kind::case_study;
    if constexpr (std::is_same_v<T, ImpactStory>) return Kind::impact_story;
    if constexpr (std::is_same_v<T, ImpactMetric>) return Kind::impact_metric;
    if constexpr (std::is_same_v<T, TeamMember>) return Kind::team_member;
}

template <class T>
std::string title_of(const T& item) {
    if constexpr (requires { item.title; })
        return item.title;
    else
        return item.name;
}

template <class T>
std::string slug_of(const T& item) {
    if constexpr (requires { item.slug; })
        return item.slug;
    else
        return {};
}

template <class T>
api::Cached first_page(std::span<const Published<T>> items, std::string_view path, const guard::SignKey& cursors) {
    const std::size_t count = std::min(items.size(), static_cast<std::size_t>(kItemsPerPage));
    std::vector<std::string_view> shown;
    for (const auto& one : items.first(count)) shown.push_back(one.json());
    PageOf page{shown, 1, kItemsPerPage, static_cast<std::int64_t>(items.size()), std::nullopt};
    std::string link;
    if (count < items.size()) {
        page.next = api::write_cursor(cursors, path, items[count - 1].position);
        http::Request request;
        request.path = path;
        link = api::link_to_next(request, "after", *page.next);
    }
    return api::Cached(encode_page(page), {.cache_control = kContentCaching, .link = link, .quick = true});
}

}  // namespace

std::string encode_page(const PageOf& page) {
    std::string out = R"({"items":[)";
    for (const std::string_view item : page.items) {
        if (out.back() != '[') out += ',';
        out += item;
    }
    out += R"(],"page":)";
    api::encode(out, page.page);
    out += R"(,"per_page":)";
    api::encode(out, page.per_page);
    out += R"(,"total":)";
    api::encode(out, page.total);
    out += R"(,"total_is_estimate":false,"next":)";
    api::encode(out, page.next);
    out += R"(,"as_of":null})";
    return out;
}

template <class T>
Collection<T>::Collection(std::vector<Readable<T>> items, std::string_view path, const guard::SignKey& cursors,
                          WordIndex& words, std::vector<Findable>& findable)
    : first_document_(static_cast<std::uint32_t>(findable.size())) {
    items_.reserve(items.size());
    for (auto& [item, text] : items) {
        words.add(title_of(item), text);
        findable.push_back({kind_of<T>(), item.id, slug_of(item), title_of(item), std::move(text), item.updated_at});
        by_name_.emplace(item.id, items_.size());
        std::string position = position_of(item);
        api::Cached answer(encoded(item), {.cache_control = kContentCaching, .quick = true});
        items_.push_back({std::move(item), std::move(position), std::move(answer)});
    }
    // An id that looks like another's slug wins: ids were given first.
    for (std::size_t i = 0; i < items_.size(); ++i)
        if (std::string slug = slug_of(items_[i].item); !slug.empty()) by_name_.emplace(std::move(slug), i);
    whole_.emplace(first_page<T>(items_, path, cursors));
}

template <class T>
const Published<T>* Collection<T>::find(std::string_view id_or_slug) const {
    const auto found = by_name_.find(id_or_slug);
    return found == by_name_.end() ? nullptr : &items_[found->second];
}

Snapshot::Snapshot(Library library, std::vector<AssetFile> stored, const guard::SignKey& cursors)
    : services(std::move(library.services), "/api/services", cursors, words, findable),
      case_studies(std::move(library.case_studies), "/api/case-studies", cursors, words, findable),
      impact_stories(std::move(library.impact_stories), "/api/impact-stories", cursors, words, findable),
      impact_metrics(std::move(library.impact_metrics), "/api/impact-metrics", cursors, words, findable),
      team(std::move(library.team), "/api/team", cursors, words, findable) {
    words.finish();
    for (AssetFile& file : stored)
        if (const std::string_view type = type_of(file.name); !type.empty())
            files.emplace(std::move(file.name),
                          api::Cached(std::move(file.bytes),
                                      {.content_type = type, .cache_control = kFileCaching, .quick = true}));
}

template class Collection<Service>;
template class Collection<CaseStudy>;
template class Collection<ImpactStory>;
template class Collection<ImpactMetric>;
template class Collection<TeamMember>;

}  // namespace townhall::website
