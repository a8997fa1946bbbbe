#pragma once

#include <string_view>

#include "platform/api/error.hpp"

/// Whose ids a source's name stands for. A name that a client gives belongs to the campaign that first imported with
/// it: an import links the voters it names, so who could take another campaign's name would be shown its people.
namespace townhall::campaign {

inline constexpr api::ErrorCode kSourceTaken{"source_taken", 409, "The source belongs to another campaign"};

/// Whether the program itself gives voters this source: by a file's layout, or by how they came. Nobody claims those.
[[nodiscard]] bool is_reserved_source(std::string_view source);

}  // namespace townhall::campaign
