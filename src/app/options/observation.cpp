#include "app/options/options.hpp"

namespace townhall::app {

using config::Kind;

std::vector<config::Option> observation_options() {
    return {
        {.name = "LOG_LEVEL",
         .kind = Kind::choice,
         .fallback = "INFO",
         .doc = "Lowest level that is written.",
         .section = "Observation",
         .choices = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}},
        {.name = "LOG_FILE",
         .kind = Kind::path,
         .fallback = "",
         .doc = "File for the log; default: standard error.",
         .section = "Observation"},
        {.name = "METRICS_TOKEN",
         .kind = Kind::secret,
         .fallback = "",
         .doc = "Bearer token that opens /metrics; unset: closed.",
         .section = "Observation",
         .secret_length = 16},
        {.name = "ADMIN_LISTEN",
         .kind = Kind::address,
         .fallback = "",
         .doc = "A second address, for /metrics and health only.",
         .section = "Observation",
         .used = false},
        {.name = "DOCS",
         .kind = Kind::choice,
         .fallback = "",
         .doc = "Serve /docs in staging and production too.",
         .section = "Observation",
         .choices = {"on", "off"},
         .used = false},
    };
}

}  // namespace townhall::app
