#include "app/options/options.hpp"

namespace townhall::app {

using config::Kind;

std::vector<config::Option> mail_options() {
    return {
        {.name = "MAIL_FROM",
         .kind = Kind::text,
         .fallback = "Townhall <townhall@localhost.localdomain>",
         .doc = "Sender of mails.",
         .section = "Mail"},
        {.name = "MAIL_TEAM",
         .kind = Kind::text,
         .fallback = "team@localhost.localdomain",
         .doc = "Who is told of new submissions.",
         .section = "Mail"},
        {.name = "SMTP_URL",
         .kind = Kind::text,
         .fallback = "",
         .doc = "Mail server, for mail without SendGrid.",
         .section = "Mail",
         .used = false},
        {.name = "SENDGRID_API_KEY",
         .kind = Kind::secret,
         .fallback = "",
         .doc = "SendGrid.",
         .section = "Mail",
         .secret_length = 20,
         .used = false},
        {.name = "SENDGRID_API_BASE",
         .kind = Kind::url,
         .fallback = "https://api.sendgrid.com",
         .doc = "SendGrid's address.",
         .section = "Mail",
         .used = false},
        {.name = "SENDGRID_WEBHOOK_PUBLIC_KEY",
         .kind = Kind::text,
         .fallback = "",
         .doc = "Verifies SendGrid's events.",
         .section = "Mail",
         .used = false},
    };
}

}  // namespace townhall::app
