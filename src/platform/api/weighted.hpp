#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/http/message.hpp"

/// Header fields that are lists with weights: Accept, Accept-Encoding (RFC 9110, section 12.4.2).
namespace townhall::api {

/// Takes what stands before the next `mark` off the text, without blanks around it.
[[nodiscard]] std::string_view take_until(std::string_view& text, char mark);

struct Weighted {
    std::string_view name;  // without blanks, parameters and weight
    int weight = 1000;      // in thousandths; one that can't be read counts as none
};

/// Takes the next item off a list. Nothing at its end.
[[nodiscard]] std::optional<Weighted> take_weighted(std::string_view& list);

/// All fields of that name as one list, which is what they are together (RFC 9110, section 5.3), without empty ones.
/// Not copied where there is one, as nearly always: else put together in `joined`, which it then refers to, until the
/// next call. Nothing where there is none.
[[nodiscard]] std::optional<std::string_view> list_field(const http::Request& request, std::string_view name,
                                                         std::string& joined);

/// `Accept` in as far as we have a choice: whether it leaves room for `type`. The range that fits best decides.
[[nodiscard]] bool accepts(std::string_view accept, std::string_view type);

/// Whether a Content-Type is JSON.
[[nodiscard]] bool is_json(std::string_view content_type);

}  // namespace townhall::api
