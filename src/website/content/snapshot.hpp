#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/api/cached.hpp"
#include "platform/guard/seal.hpp"
#include "website/content/library.hpp"
#include "website/content/source.hpp"
#include "website/content/words.hpp"

namespace townhall::website {

inline constexpr std::int64_t kItemsPerPage = 50;  // unless a request says otherwise

/// How long browsers and proxies may keep content: a minute, and for ten more while they ask again.
inline constexpr std::string_view kContentCaching = "public, max-age=60, stale-while-revalidate=600";

enum class Kind : std::uint8_t { service, case_study, impact_story, impact_metric, team_member };
constexpr auto enum_names(std::type_identity<Kind>) {
    return std::array<std::pair<Kind, std::string_view>, 5>{{{Kind::service, "service"},
                                                             {Kind::case_study, "case_study"},
                                                             {Kind::impact_story, "impact_story"},
                                                             {Kind::impact_metric, "impact_metric"},
                                                             {Kind::team_member, "team_member"}}};
}

/// What a search needs to know of an item. Its place in the snapshot's list is its number in the word index.
struct Findable {
    Kind kind;
    std::string id;
    std::string slug;  // empty where the kind has none
    std::string title;
    std::string text;
    db::Timestamp updated_at;
};

/// One item, ready to be sent.
template <class T>
struct Published {
    T item;
    std::string position;  // in the list's order, see position_of
    api::Cached answer;
    [[nodiscard]] std::string_view json() const { return answer.body(); }
};

struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
};

/// All items of one kind, in the order of their list.
template <class T>
class Collection {
  public:
    /// `path` is that of the list; `cursors` signs where its next page begins.
    Collection(std::vector<Readable<T>> items, std::string_view path, const guard::SignKey& cursors, WordIndex& words,
               std::vector<Findable>& findable);

    [[nodiscard]] std::span<const Published<T>> items() const { return items_; }
    /// By id, else by slug; null where there is none.
    [[nodiscard]] const Published<T>* find(std::string_view id_or_slug) const;
    /// The first page of the whole list.
    [[nodiscard]] const api::Cached& whole() const { return *whole_; }
    /// The number of the first item in the word index; the others follow.
    [[nodiscard]] std::uint32_t first_document() const { return first_document_; }

  private:
    std::vector<Published<T>> items_;
    std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>> by_name_;
    std::uint32_t first_document_;
    std::optional<api::Cached> whole_;  // none only within the constructor
};

/// Everything that is served of the content, made once from one state of its source. Immutable from then on: any
/// thread.
struct Snapshot {
    Snapshot(Library library, std::vector<AssetFile> stored, const guard::SignKey& cursors);

    WordIndex words;                 // these two before the collections, which add to them
    std::vector<Findable> findable;  // by their numbers in `words`
    Collection<Service> services;
    Collection<CaseStudy> case_studies;
    Collection<ImpactStory> impact_stories;
    Collection<ImpactMetric> impact_metrics;
    Collection<TeamMember> team;
    std::map<std::string, api::Cached, std::less<>> files;  // by name
};

/// One page of a list as JSON, in the shape of api::Page.
struct PageOf {
    std::span<const std::string_view> items;
    std::optional<std::int64_t> page;
    std::int64_t per_page;
    std::int64_t total;
    std::optional<std::string> next;  // a cursor
};
[[nodiscard]] std::string encode_page(const PageOf& page);

}  // namespace townhall::website
