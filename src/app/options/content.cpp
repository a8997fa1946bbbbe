#include "app/options/options.hpp"

namespace townhall::app {

using config::Kind;

std::vector<config::Option> content_options() {
    return {
        {.name = "CONTENT_FOLDER",
         .kind = Kind::path,
         .fallback = "",
         .doc = "Folder of the website's content, as docs/content.md describes it. Default: the bundled demo content.",
         .section = "Content"},
        {.name = "CONTENT_LOCALE",
         .kind = Kind::text,
         .fallback = "en-US",
         .doc = "The locale whose values are shown.",
         .section = "Content"},
    };
}

}  // namespace townhall::app
