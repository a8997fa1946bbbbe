#include "app/options/options.hpp"

namespace townhall::app {

using config::Kind;

std::vector<config::Option> observation_options() {
    return {
        {.name = "LOG_LEVEL",
         .kind = Kind::choice,
         .fallback = "INFO",
         .doc = "Lowest level that is written; SIGUSR1 and SIGUSR2 move it by one while the process runs.",
         .section = "Observation",
         .choices = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}},
        {.name = "LOG_FILE",
         .kind = Kind::path,
         .fallback = "",
         .doc = "File for the log; default: standard error. Opened again by its name on SIGHUP.",
         .section = "Observation"},
        {.name = "LOG_MAX_BYTES",
         .kind = Kind::bytes,
         .fallback = "64M",
         .doc = "LOG_FILE is turned over before it grows past this, and compressed; 0: never for its size.",
         .section = "Observation"},
        {.name = "LOG_MAX_HOURS",
         .kind = Kind::integer,
         .fallback = "24",
         .doc = "LOG_FILE is turned over at this age; 0: never for its age.",
         .section = "Observation",
         .least = 0,
         .most = 8784},
        {.name = "LOG_KEEP",
         .kind = Kind::integer,
         .fallback = "14",
         .doc = "Files that were turned over and are kept; the oldest beyond are deleted.",
         .section = "Observation",
         .least = 0,
         .most = 10'000},
        {.name = "METRICS_TOKEN",
         .kind = Kind::secret,
         .fallback = "",
         .doc = "Bearer token that opens /metrics; unset: closed.",
         .section = "Observation",
         .secret_length = 16},
        {.name = "ADMIN_LISTEN",
         .kind = Kind::address,
         .fallback = "",
         .doc = "A second address, for /metrics (without a token) and health only: one that the public can't reach.",
         .section = "Observation"},
        {.name = "DOCS",
         .kind = Kind::choice,
         .fallback = "",
         .doc = "The contract to read and to try, at /docs. Unset: on, but off in staging and production.",
         .section = "Observation",
         .choices = {"on", "off"}},
    };
}

}  // namespace townhall::app
