#include "app/options/options.hpp"

namespace townhall::app {

using config::Kind;

std::vector<config::Option> protection_options() {
    return {
        {.name = "RATE_LIMIT",
         .kind = Kind::choice,
         .fallback = "on",
         .doc = "Off for benchmarks; refused in staging and production.",
         .section = "Protection",
         .choices = {"on", "off"}},
        {.name = "CORS_ALLOWED_ORIGINS",
         .kind = Kind::text,
         .fallback = "",
         .doc = "Origins that browsers may call from, separated by commas.",
         .section = "Protection",
         .used = false},
        {.name = "TRUSTED_PROXIES",
         .kind = Kind::text,
         .fallback = "",
         .doc = "Addresses whose X-Forwarded-For is believed.",
         .section = "Protection",
         .used = false},
        {.name = "TLS_CERTIFICATE",
         .kind = Kind::path,
         .fallback = "",
         .doc = "Certificate chain (PEM).",
         .section = "Protection",
         .used = false},
        {.name = "TLS_KEY",
         .kind = Kind::path,
         .fallback = "",
         .doc = "Private key (PEM).",
         .section = "Protection",
         .used = false},
    };
}

}  // namespace townhall::app
