#include "platform/api/etag.hpp"

#include <fmt/format.h>

#include "platform/api/coding.hpp"
#include "platform/api/weighted.hpp"
#include "platform/guard/hash.hpp"

namespace townhall::api {

namespace {

constexpr std::string_view kWeak = "W/";

/// The opaque part without its quotes and without the suffix of a form; nothing where it is no entity tag.
std::optional<std::string_view> state_of(std::string_view tag) {
    if (tag.starts_with(kWeak)) tag.remove_prefix(kWeak.size());
    if (tag.size() < 2 || !tag.starts_with('"') || !tag.ends_with('"')) return std::nullopt;
    tag = tag.substr(1, tag.size() - 2);
    for (const Coding coding : {Coding::gzip, Coding::br})
        if (tag.ends_with(tag_suffix(coding))) return tag.substr(0, tag.size() - tag_suffix(coding).size());
    return tag;
}

/// Takes the next tag off a list, as it is written there. Commas may stand within the quotes. Nothing at the end, or at
/// the first byte that belongs to no tag.
std::optional<std::string_view> take_tag(std::string_view& list) {
    const std::size_t begin = std::min(list.find_first_not_of(" \t,"), list.size());
    list.remove_prefix(begin);
    const std::size_t open = list.starts_with(kWeak) ? kWeak.size() : 0;
    if (open >= list.size() || list[open] != '"') return std::nullopt;
    const std::size_t close = list.find('"', open + 1);
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view tag = list.substr(0, close + 1);
    list.remove_prefix(close + 1);
    return tag;
}

}  // namespace

std::string etag_of_bytes(std::string_view bytes) {
    constexpr std::size_t kDigits = 22;  // 132 bits
    return fmt::format("\"{}\"", guard::base64url(guard::sha256(bytes)).substr(0, kDigits));
}

std::string etag_of_form(std::string_view etag, std::string_view suffix) {
    if (etag.starts_with(kWeak) || !etag.ends_with('"')) return std::string(etag);
    return fmt::format("{}{}\"", etag.substr(0, etag.size() - 1), suffix);
}

std::optional<std::string_view> known_tag(std::string_view if_none_match, std::string_view etag) {
    if (if_none_match == "*") return etag;
    const auto state = state_of(etag);
    while (auto tag = take_tag(if_none_match)) {
        if (state_of(*tag) != state) continue;
        if (tag->starts_with(kWeak) && !etag.starts_with(kWeak)) tag->remove_prefix(kWeak.size());
        return tag;
    }
    return std::nullopt;
}

Conditions conditions_of(const http::Request& request) {
    std::string joined;
    const auto list = [&](std::string_view name) -> std::optional<std::string> {
        if (const auto found = list_field(request, name, joined)) return std::string(*found);
        return std::nullopt;
    };
    return {.if_match = list("if-match"), .if_none_match = list("if-none-match")};
}

std::optional<Error> check_change(const Conditions& conditions, std::string_view etag) {
    if (auto error = check_if_match(conditions.if_match, etag)) return error;
    if (conditions.if_none_match && known_tag(*conditions.if_none_match, etag))
        return Error(kPreconditionFailed, "It is there, as If-None-Match says that it must not be.");
    return std::nullopt;
}

std::optional<Error> check_if_match(std::optional<std::string_view> if_match, std::string_view etag) {
    if (!if_match || *if_match == "*") return std::nullopt;
    const auto state = state_of(etag);
    while (const auto tag = take_tag(*if_match))
        if (!tag->starts_with(kWeak) && state_of(*tag) == state) return std::nullopt;
    return Error(kPreconditionFailed, "It has changed since the version that If-Match names; read it again.");
}

}  // namespace townhall::api
