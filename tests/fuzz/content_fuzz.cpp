// Any bytes as an answer of a content delivery API: what is read of it is served, or the whole is refused. Bodies hold
// no element, attribute or address that was not made here, and every element is closed.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "website/content/snapshot.hpp"

namespace {

using namespace townhall;
using namespace townhall::website;

void require(bool condition) {
    if (!condition) std::abort();
}

bool is_safe(std::string_view address) {
    constexpr std::string_view kGood[] = {"https:", "http:", "mailto:", "tel:", "/", "#"};
    std::string start(address.substr(0, 8));
    std::ranges::transform(start, start.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; });
    return !start.starts_with("//") &&
           std::ranges::any_of(kGood, [&](std::string_view good) { return start.starts_with(good); });
}

/// `attributes` is what follows an element's name: ` name="value"`, as often as it comes, and nothing else. It is read
/// from its start as a browser would, so that a value that looks like an attribute stays a value.
void check_attributes(std::string_view attributes) {
    constexpr std::string_view kKnown[] = {
        "href", "src", "alt", "rel", "width", "height", "loading", "data-entry-type", "data-entry-slug"};
    while (!attributes.empty()) {
        require(attributes.front() == ' ');
        const std::size_t opening = attributes.find("=\"");
        require(opening != std::string_view::npos);
        const std::size_t closing = attributes.find('"', opening + 2);
        require(closing != std::string_view::npos);
        const std::string_view name = attributes.substr(1, opening - 1);
        require(std::ranges::find(kKnown, name) != std::end(kKnown));
        if (name == "href" || name == "src") require(is_safe(attributes.substr(opening + 2, closing - opening - 2)));
        attributes.remove_prefix(closing + 1);
    }
}

void check_html(std::string_view html) {
    std::vector<std::string> open;
    for (std::size_t at = 0; (at = html.find('<', at)) != std::string_view::npos;) {
        const std::size_t end = html.find('>', at);
        require(end != std::string_view::npos);
        const std::string_view tag = html.substr(at + 1, end - at - 1);
        at = end + 1;
        if (tag.starts_with('/')) {
            require(!open.empty() && open.back() == tag.substr(1));
            open.pop_back();
            continue;
        }
        const std::string name(tag.substr(0, tag.find(' ')));
        check_attributes(tag.substr(name.size()));
        if (name != "br" && name != "hr" && name != "img") open.push_back(name);
    }
    require(open.empty());
}

template <class T>
void check_list(const Collection<T>& list) {
    const auto items = list.items();
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) require(items[i - 1].position < items[i].position);
        require(list.find(items[i].item.id) == &items[i]);
        require(api::json::parse(items[i].json()).has_value());
    }
    require(api::json::parse(list.whole().body()).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const guard::SignKey key = guard::Secret("the fuzzer's own secret, used nowhere else").sign_key("cursor");
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        Warnings warnings;
        Space space("en-US");
        space.add(text, warnings);
        Reading reading{.space = space, .public_url = ""};
        Library library = read_library(reading);
        for (const auto& [item, words] : library.services) check_html(item.description);
        for (const auto& [item, words] : library.case_studies) check_html(item.challenge), check_html(item.solution);
        for (const auto& [item, words] : library.impact_stories) check_html(item.story);
        for (const auto& [item, words] : library.team) check_html(item.bio);
        const Snapshot snapshot(std::move(library), {}, key);
        check_list(snapshot.services);
        check_list(snapshot.case_studies);
        check_list(snapshot.impact_stories);
        check_list(snapshot.impact_metrics);
        check_list(snapshot.team);
        static_cast<void>(snapshot.words.find(text.substr(0, 100)));
    } catch (const ContentError&) {
        return 0;
    }
    return 0;
}
