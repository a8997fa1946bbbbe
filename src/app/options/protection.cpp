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
         .doc = "Addresses and networks (10.0.0.0/8), separated by commas, of proxies in front: what they tell of the "
                "client's address and scheme is believed.",
         .section = "Protection"},
        {.name = "TLS_CERTIFICATE",
         .kind = Kind::path,
         .fallback = "",
         .doc = "Certificate chain (PEM), the server's own first: LISTEN speaks HTTPS. Read again on SIGHUP.",
         .section = "Protection"},
        {.name = "TLS_KEY",
         .kind = Kind::path,
         .fallback = "",
         .doc = "Private key of the certificate (PEM, without a passphrase).",
         .section = "Protection"},
    };
}

}  // namespace townhall::app
