#include "platform/api/weighted.hpp"

#include <algorithm>

#include "platform/http/characters.hpp"
#include "platform/http/gate.hpp"

namespace townhall::api {

namespace {

constexpr int kWhole = 1000;

/// Old clients write ".2" or "0.8000", so both are read; of more digits than three the first three count. What is no
/// number at all is as if it were not there: it must not shut the client out.
int thousandths_of(std::string_view weight) {
    const std::size_t point = std::min(weight.find('.'), weight.size());
    const std::string_view before = weight.substr(0, point);
    const std::string_view after = weight.substr(std::min(point + 1, weight.size()));
    const auto digits = [](std::string_view text) { return text.find_first_not_of("0123456789") == text.npos; };
    if ((before.empty() && after.empty()) || !digits(before) || !digits(after)) return kWhole;
    if (before.find_first_not_of('0') != before.npos) return kWhole;
    int thousandths = 0;
    for (std::size_t i = 0, unit = 100; i < std::min<std::size_t>(after.size(), 3); ++i, unit /= 10)
        thousandths += (after[i] - '0') * static_cast<int>(unit);
    return thousandths;
}

/// How well a media range fits a type: 0 for not at all, 3 for the type itself.
int fit_of(std::string_view range, std::string_view type) {
    if (http::equal_without_case(range, type)) return 3;
    if (range == "*/*") return 1;
    const std::string_view major = type.substr(0, type.find('/') + 1);
    return range.ends_with("/*") && http::equal_without_case(range.substr(0, range.size() - 1), major) ? 2 : 0;
}

}  // namespace

std::string_view take_until(std::string_view& text, char mark) {
    const std::size_t end = std::min(text.find(mark), text.size());
    const std::string_view piece = http::trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return piece;
}

std::optional<Weighted> take_weighted(std::string_view& list) {
    while (!list.empty()) {
        std::string_view item = take_until(list, ',');
        if (item.empty()) continue;
        Weighted weighted{take_until(item, ';')};
        while (!item.empty()) {
            const std::string_view parameter = take_until(item, ';');
            if (parameter.size() < 2 || (parameter[0] | 0x20) != 'q' || parameter[1] != '=') continue;
            weighted.weight = thousandths_of(parameter.substr(2));
        }
        return weighted;
    }
    return std::nullopt;
}

std::optional<std::string_view> list_field(const http::Request& request, std::string_view name, std::string& joined) {
    const std::string* first = nullptr;
    joined.clear();
    for (const auto& [field, value] : request.headers) {
        if (!http::equal_without_case(field, name)) continue;
        if (!first || first->empty()) {
            first = &value;
        } else if (!value.empty()) {
            if (joined.empty()) joined = *first;
            joined.append(", ").append(value);
        }
    }
    if (!first) return std::nullopt;
    return std::string_view(joined.empty() ? *first : joined);
}

bool accepts(std::string_view accept, std::string_view type) {
    if (accept.empty() || type == "*/*") return true;
    int fit = 0, weight = 0;
    while (const auto range = take_weighted(accept)) {
        const int fits = fit_of(range->name, type);
        if (fits == 0 || fits < fit) continue;
        weight = fits > fit ? range->weight : std::max(weight, range->weight);
        fit = fits;
    }
    return weight > 0;
}

bool is_json(std::string_view content_type) {
    const std::string_view type = take_until(content_type, ';');
    constexpr std::string_view kMajor = "application/", kSuffix = "+json";
    if (http::equal_without_case(type, "application/json")) return true;
    return type.size() > kMajor.size() + kSuffix.size() &&
           http::equal_without_case(type.substr(0, kMajor.size()), kMajor) &&
           http::equal_without_case(type.substr(type.size() - kSuffix.size()), kSuffix);
}

}  // namespace townhall::api
