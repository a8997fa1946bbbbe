#include "campaign/imports/sources.hpp"

#include "importer/layout/layout.hpp"

namespace townhall::campaign {

bool is_reserved_source(std::string_view source) {
    return source == "demo" || source == "manual" || source.starts_with("campaign:") ||
           importer::is_layout_source(source);
}

}  // namespace townhall::campaign
