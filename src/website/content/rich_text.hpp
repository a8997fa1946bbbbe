#pragma once

#include <string_view>

#include "website/content/fields.hpp"

namespace townhall::website {

/// Contentful's rich text as HTML: its own nodes and marks become the elements that mean them, everything else is
/// escaped, and only links to http, https, mailto, tel and this site are kept. `id` is the entry's, for warnings.
///
/// Entries embedded in the text are shown with their title and body, and what is embedded in those in turn, three deep;
/// so texts that embed each other end. One text is cut at 256 KiB.
[[nodiscard]] Body render_rich(Reading& reading, std::string_view id, const api::json::Value& document);

/// Plain text as HTML: empty lines part paragraphs, other line ends are kept.
[[nodiscard]] Body render_plain(Reading& reading, std::string_view text);

}  // namespace townhall::website
