// Any bytes as an answer of a content delivery API: what is read of it is served, or the whole is refused. Bodies hold
// no element, attribute or address that was not made here, and every element is closed.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
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

void check_attributes(std::string_view tag) {
    constexpr std::string_view kAddresses[] = {"href=\"", "src=\""};
    for (const auto name : kAddresses) {
        const std::size_t at = tag.find(name);
        if (at == std::string_view::npos) continue;
        const std::string_view address = tag.substr(at + name.size());
        constexpr std::string_view kGood[] = {"https:", "http:", "mailto:", "tel:", "/", "#"};
        std::string lower(address.substr(0, 8));
        std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; });
        require(!lower.starts_with("//"));
        require(std::ranges::any_of(kGood, [&](std::string_view good) { return lower.starts_with(good); }));
    }
    require(std::ranges::count(tag, '"') % 2 == 0);
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
        check_attributes(tag);
        const std::string name(tag.substr(0, tag.find(' ')));
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
