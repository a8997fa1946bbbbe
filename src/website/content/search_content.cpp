#include "platform/api/etag.hpp"
#include "platform/api/paging.hpp"
#include "website/content/operations.hpp"

namespace townhall::website {

namespace {

Found shown(const Findable& item, std::string_view query) {
    return {item.kind,
            item.id,
            item.slug.empty() ? std::nullopt : std::optional(item.slug),
            item.title,
            excerpt(item.text, query),
            item.updated_at};
}

}  // namespace

/// Best first. Where the next page begins is its number: the order follows from the query, so there is no key to go on
/// from.
Result<api::Answer<api::Page<Found>>> search_content(ContentDeps deps, api::Context& context, Search in) {
    const Snapshot& now = deps.content.current();
    const auto after = api::read_number_cursor(deps.cursors, context.route, in.after);
    if (!after) return std::unexpected(after.error());
    const std::int64_t page = after->value_or(in.page.value_or(1));

    std::vector<const Findable*> found;
    for (const auto& hit : now.words.find(in.q)) {
        const Findable& item = now.findable[hit.document];
        if (!in.type || item.kind == *in.type) found.push_back(&item);
    }
    api::Answer<api::Page<Found>> answer;
    answer.value.per_page = in.per_page;
    if (!in.after) answer.value.page = page;
    answer.value.total = static_cast<std::int64_t>(found.size());
    const auto per_page = static_cast<std::size_t>(in.per_page);
    const std::size_t from = std::min(static_cast<std::size_t>(page - 1) * per_page, found.size());
    const std::size_t end = std::min(from + per_page, found.size());
    for (std::size_t i = from; i < end; ++i) answer.value.items.push_back(shown(*found[i], in.q));
    answer.headers.emplace_back("Cache-Control", std::string(kContentCaching));
    if (end < found.size())
        answer.value.next = api::write_cursor(deps.cursors, context.route, std::to_string(page + 1));
    std::string encoded;
    api::encode(encoded, answer.value);
    answer.etag = api::etag_of_bytes(encoded);
    answer.kept_body = std::move(encoded);
    return answer;
}

}  // namespace townhall::website
