#include "website/content/operations.hpp"

namespace townhall::website {

inline constexpr api::ErrorCode kNoSuchContent{"no_such_content", 404, "There is no such content"};

namespace {

template <class T>
Result<http::Response> get(const api::Context& context, const GetContent& in, const Collection<T>& all) {
    const Published<T>* found = all.find(in.id);
    if (!found) return std::unexpected(kNoSuchContent);
    return found->answer.answer(context);
}

}  // namespace

Answered get_service(ContentDeps deps, api::Context& context, GetContent in) {
    return get(context, in, deps.content.current().services);
}
Answered get_case_study(ContentDeps deps, api::Context& context, GetContent in) {
    return get(context, in, deps.content.current().case_studies);
}
Answered get_impact_story(ContentDeps deps, api::Context& context, GetContent in) {
    return get(context, in, deps.content.current().impact_stories);
}
Answered get_team_member(ContentDeps deps, api::Context& context, GetContent in) {
    return get(context, in, deps.content.current().team);
}

Answered get_asset(ContentDeps deps, api::Context& context, GetAsset in) {
    const auto& files = deps.content.current().files;
    const auto found = files.find(in.name);
    if (found == files.end()) return std::unexpected(kNoSuchContent);
    return found->second.answer(context);
}

}  // namespace townhall::website
