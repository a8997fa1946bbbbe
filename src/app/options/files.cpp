#include "app/options/options.hpp"

namespace townhall::app {

using config::Kind;

std::vector<config::Option> files_options() {
    return {
        {.name = "MAX_IMPORT_BYTES",
         .kind = Kind::bytes,
         .fallback = "16G",
         .doc = "Largest voter file.",
         .section = "Files",
         .least = 1},
        {.name = "UPLOAD_MAX_BYTES",
         .kind = Kind::bytes,
         .fallback = "5G",
         .doc = "Largest file that visitors may send.",
         .section = "Files",
         .used = false},
        {.name = "UPLOAD_ALLOWED_TYPES",
         .kind = Kind::text,
         .fallback = "",
         .doc = "Media types that visitors may send.",
         .section = "Files",
         .used = false},
        {.name = "CLAMD_ADDRESS",
         .kind = Kind::text,
         .fallback = "",
         .doc = "Socket path or host:port of clamd.",
         .section = "Files",
         .used = false},
        {.name = "RETENTION_DAYS_UPLOADS",
         .kind = Kind::integer,
         .fallback = "30",
         .doc = "Days until visitors' files are deleted.",
         .section = "Files",
         .least = 1,
         .used = false},
        {.name = "RETENTION_DAYS_SUBMISSIONS",
         .kind = Kind::integer,
         .fallback = "",
         .doc = "Days until submissions are deleted; unset: never.",
         .section = "Files",
         .least = 1,
         .used = false},
    };
}

}  // namespace townhall::app
