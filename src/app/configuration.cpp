#include "app/configuration.hpp"

#include <charconv>
#include <fmt/format.h>

#include "platform/db/embedded/embedded.hpp"

namespace townhall::app {

using config::Kind;
using config::Option;

const std::vector<Option>& option_table() {
    static const std::vector<Option> table{
        {.name = "TOWNHALL_ENV", .kind = Kind::choice, .fallback = "development", .doc = "Staging and production refuse missing, weak and placeholder secrets.", .section = "Server", .choices = {"development", "testing", "staging", "production"}, .alias = "FLASK_ENV"},
        {.name = "LISTEN", .kind = Kind::address, .fallback = "127.0.0.1:5000", .doc = "Address and port to serve on; port 0 takes a free one.", .section = "Server", .flag = "--listen"},
        {.name = "PUBLIC_URL", .kind = Kind::url, .fallback = "", .doc = "Where people reach the site; links in mails begin with it. Required in staging and production.", .section = "Server"},
        {.name = "TOWNHALL_HOME", .kind = Kind::path, .fallback = "", .doc = "Folder of the embedded database, the local object store and the development mailbox. Default: /var/lib/townhall for root, else $XDG_DATA_HOME/townhall.", .section = "Server"},
        {.name = "THREADS", .kind = Kind::integer, .fallback = "0", .doc = "Threads that serve requests; 0: one per core.", .section = "Server", .least = 0, .most = 256},
        {.name = "CPU_THREADS", .kind = Kind::integer, .fallback = "2", .doc = "Threads for password hashing and other heavy work.", .section = "Server", .least = 1, .most = 64},
        {.name = "REQUEST_TIMEOUT", .kind = Kind::integer, .fallback = "3600", .doc = "Longest time for one request, in seconds, uploads included.", .section = "Server", .least = 1, .most = 86'400},
        {.name = "HEADER_TIMEOUT", .kind = Kind::integer, .fallback = "10", .doc = "Longest time for a request's header to arrive, in seconds.", .section = "Server", .least = 1, .most = 300},
        {.name = "IDLE_TIMEOUT", .kind = Kind::integer, .fallback = "75", .doc = "How long a connection may stay open between requests, in seconds.", .section = "Server", .least = 1, .most = 3600},
        {.name = "SHUTDOWN_TIMEOUT", .kind = Kind::integer, .fallback = "25", .doc = "How long SIGTERM waits for requests in flight, in seconds.", .section = "Server", .least = 1, .most = 300},
        {.name = "FLASK_APP", .kind = Kind::text, .fallback = "", .doc = "Accepted and ignored.", .section = "Server"},

        {.name = "DATABASE_URL", .kind = Kind::text, .fallback = "", .doc = "PostgreSQL 13 or newer (postgresql://…, postgresql+psycopg://…, ?host=/cloudsql/…). Unset: a private PostgreSQL that Townhall starts itself.", .section = "Database"},
        {.name = "TEST_DATABASE_URL", .kind = Kind::text, .fallback = "", .doc = "The database in TOWNHALL_ENV=testing; refused when equal to DATABASE_URL.", .section = "Database"},
        {.name = "DATABASE_POOL_SIZE", .kind = Kind::integer, .fallback = "8", .doc = "Connections for transactions and slow statements.", .section = "Database", .least = 1, .most = 500},
        {.name = "DATABASE_POOL_WAIT_MS", .kind = Kind::integer, .fallback = "2000", .doc = "Longest wait for such a connection, in milliseconds; then 503.", .section = "Database", .least = 1, .most = 60'000},
        {.name = "DATABASE_PREPARED_STATEMENTS", .kind = Kind::choice, .fallback = "on", .doc = "Off behind pgbouncer in transaction mode.", .section = "Database", .choices = {"on", "off"}},

        {.name = "SECRET_KEY", .kind = Kind::secret, .fallback = "", .doc = "Signs cursors, links and upload tokens, and encrypts kept answers.", .section = "Secrets", .alias = "FLASK_SECRET_KEY"},
        {.name = "JWT_SECRET_KEY", .kind = Kind::secret, .fallback = "", .doc = "Keys of access tokens, separated by commas: the first signs, all verify.", .section = "Secrets"},
        {.name = "JWT_ACCESS_TOKEN_EXPIRES", .kind = Kind::integer, .fallback = "3600", .doc = "Lifetime of access tokens, in seconds.", .section = "Secrets", .least = 60, .most = 86'400},
        {.name = "JWT_REFRESH_TOKEN_EXPIRES", .kind = Kind::integer, .fallback = "86400", .doc = "Lifetime of refresh tokens, in seconds.", .section = "Secrets", .least = 300, .most = 31'536'000},

        {.name = "RATE_LIMIT", .kind = Kind::choice, .fallback = "on", .doc = "Off for benchmarks; refused in staging and production.", .section = "Protection", .choices = {"on", "off"}},
        {.name = "CORS_ALLOWED_ORIGINS", .kind = Kind::text, .fallback = "", .doc = "Origins that browsers may call from, separated by commas.", .section = "Protection", .used = false},
        {.name = "TRUSTED_PROXIES", .kind = Kind::text, .fallback = "", .doc = "Addresses whose X-Forwarded-For is believed.", .section = "Protection", .used = false},
        {.name = "TLS_CERTIFICATE", .kind = Kind::path, .fallback = "", .doc = "Certificate chain (PEM).", .section = "Protection", .used = false},
        {.name = "TLS_KEY", .kind = Kind::path, .fallback = "", .doc = "Private key (PEM).", .section = "Protection", .used = false},

        {.name = "LOG_LEVEL", .kind = Kind::choice, .fallback = "INFO", .doc = "Lowest level that is written.", .section = "Observation", .choices = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}},
        {.name = "LOG_FILE", .kind = Kind::path, .fallback = "", .doc = "File for the log; default: standard error.", .section = "Observation"},
        {.name = "METRICS_TOKEN", .kind = Kind::secret, .fallback = "", .doc = "Bearer token that opens /metrics; unset: closed.", .section = "Observation", .secret_length = 16},
        {.name = "ADMIN_LISTEN", .kind = Kind::address, .fallback = "", .doc = "A second address, for /metrics and health only.", .section = "Observation", .used = false},
        {.name = "DOCS", .kind = Kind::choice, .fallback = "", .doc = "Serve /docs in staging and production too.", .section = "Observation", .choices = {"on", "off"}, .used = false},

        {.name = "MAX_IMPORT_BYTES", .kind = Kind::bytes, .fallback = "16G", .doc = "Largest voter file.", .section = "Files", .least = 1},
        {.name = "UPLOAD_MAX_BYTES", .kind = Kind::bytes, .fallback = "5G", .doc = "Largest file that visitors may send.", .section = "Files", .used = false},
        {.name = "UPLOAD_ALLOWED_TYPES", .kind = Kind::text, .fallback = "", .doc = "Media types that visitors may send.", .section = "Files", .used = false},
        {.name = "CLAMD_ADDRESS", .kind = Kind::text, .fallback = "", .doc = "Socket path or host:port of clamd.", .section = "Files", .used = false},
        {.name = "RETENTION_DAYS_UPLOADS", .kind = Kind::integer, .fallback = "30", .doc = "Days until visitors' files are deleted.", .section = "Files", .least = 1, .used = false},
        {.name = "RETENTION_DAYS_SUBMISSIONS", .kind = Kind::integer, .fallback = "", .doc = "Days until submissions are deleted; unset: never.", .section = "Files", .least = 1, .used = false},

        {.name = "MAIL_FROM", .kind = Kind::text, .fallback = "Townhall <townhall@localhost.localdomain>", .doc = "Sender of mails.", .section = "Mail"},
        {.name = "MAIL_TEAM", .kind = Kind::text, .fallback = "team@localhost.localdomain", .doc = "Who is told of new submissions.", .section = "Mail"},
        {.name = "SMTP_URL", .kind = Kind::text, .fallback = "", .doc = "Mail server, for mail without SendGrid.", .section = "Mail", .used = false},
        {.name = "SENDGRID_API_KEY", .kind = Kind::secret, .fallback = "", .doc = "SendGrid.", .section = "Mail", .secret_length = 20, .used = false},
        {.name = "SENDGRID_API_BASE", .kind = Kind::url, .fallback = "https://api.sendgrid.com", .doc = "SendGrid's address.", .section = "Mail", .used = false},
        {.name = "SENDGRID_WEBHOOK_PUBLIC_KEY", .kind = Kind::text, .fallback = "", .doc = "Verifies SendGrid's events.", .section = "Mail", .used = false},

        {.name = "REDIS_URL", .kind = Kind::text, .fallback = "", .doc = "Shared cache and limits.", .section = "Services", .used = false},
        {.name = "AWS_ACCESS_KEY_ID", .kind = Kind::text, .fallback = "", .doc = "S3.", .section = "Services", .used = false},
        {.name = "AWS_SECRET_ACCESS_KEY", .kind = Kind::secret, .fallback = "", .doc = "S3.", .section = "Services", .secret_length = 16, .used = false},
        {.name = "AWS_SESSION_TOKEN", .kind = Kind::secret, .fallback = "", .doc = "S3.", .section = "Services", .secret_length = 16, .used = false},
        {.name = "AWS_DEFAULT_REGION", .kind = Kind::text, .fallback = "us-east-1", .doc = "S3.", .section = "Services", .used = false},
        {.name = "AWS_ENDPOINT_URL_S3", .kind = Kind::url, .fallback = "", .doc = "S3 elsewhere.", .section = "Services", .used = false},
        {.name = "S3_BUCKET_UPLOADS", .kind = Kind::text, .fallback = "", .doc = "Bucket of visitors' files.", .section = "Services", .used = false},
        {.name = "S3_BUCKET_PROCESSED", .kind = Kind::text, .fallback = "", .doc = "Bucket of results.", .section = "Services", .used = false},
        {.name = "S3_BUCKET_ASSETS", .kind = Kind::text, .fallback = "", .doc = "Bucket of public assets.", .section = "Services", .used = false},
        {.name = "HUBSPOT_API_KEY", .kind = Kind::secret, .fallback = "", .doc = "A private app's token.", .section = "Services", .secret_length = 16, .used = false},
        {.name = "HUBSPOT_API_BASE", .kind = Kind::url, .fallback = "https://api.hubapi.com", .doc = "HubSpot's address.", .section = "Services", .used = false},
        {.name = "HUBSPOT_DEAL_PIPELINE", .kind = Kind::text, .fallback = "", .doc = "Pipeline of new deals.", .section = "Services", .used = false},
        {.name = "HUBSPOT_DEAL_STAGE", .kind = Kind::text, .fallback = "", .doc = "Stage of new deals.", .section = "Services", .used = false},
        {.name = "CONTENTFUL_SPACE_ID", .kind = Kind::text, .fallback = "", .doc = "Contentful space.", .section = "Services", .used = false},
        {.name = "CONTENTFUL_ACCESS_TOKEN", .kind = Kind::secret, .fallback = "", .doc = "Delivery token.", .section = "Services", .secret_length = 16, .used = false},
        {.name = "CONTENTFUL_PREVIEW_TOKEN", .kind = Kind::secret, .fallback = "", .doc = "Preview token.", .section = "Services", .secret_length = 16, .used = false},
        {.name = "CONTENTFUL_WEBHOOK_SECRET", .kind = Kind::secret, .fallback = "", .doc = "Verifies Contentful's webhooks.", .section = "Services", .used = false},
        {.name = "CONTENTFUL_ENVIRONMENT", .kind = Kind::text, .fallback = "master", .doc = "Contentful environment.", .section = "Services", .used = false},
        {.name = "CONTENTFUL_API_BASE", .kind = Kind::url, .fallback = "https://cdn.contentful.com", .doc = "Contentful's address.", .section = "Services", .used = false},
        {.name = "RECAPTCHA_SECRET_KEY", .kind = Kind::secret, .fallback = "", .doc = "reCAPTCHA.", .section = "Services", .secret_length = 16, .used = false},
        {.name = "RECAPTCHA_API_BASE", .kind = Kind::url, .fallback = "https://www.google.com", .doc = "reCAPTCHA's address.", .section = "Services", .used = false},
        {.name = "RECAPTCHA_MIN_SCORE", .kind = Kind::text, .fallback = "0.5", .doc = "Least score of version 3.", .section = "Services", .used = false},
        {.name = "STRIPE_SECRET_KEY", .kind = Kind::secret, .fallback = "", .doc = "Stripe.", .section = "Services", .secret_length = 16, .used = false},
        {.name = "STRIPE_WEBHOOK_SECRET", .kind = Kind::secret, .fallback = "", .doc = "Verifies Stripe's webhooks.", .section = "Services", .secret_length = 16, .used = false},
        {.name = "STRIPE_API_BASE", .kind = Kind::url, .fallback = "https://api.stripe.com", .doc = "Stripe's address.", .section = "Services", .used = false},
        {.name = "IMAGE_MODEL", .kind = Kind::path, .fallback = "", .doc = "ONNX model that classifies images.", .section = "Services", .used = false},
        {.name = "IMAGE_LABELS", .kind = Kind::path, .fallback = "", .doc = "Its labels, one a line.", .section = "Services", .used = false},
        {.name = "SPEECH_API_BASE", .kind = Kind::url, .fallback = "", .doc = "An endpoint that transcribes speech.", .section = "Services", .used = false},
    };
    return table;
}

namespace {

Environment environment_of(std::string_view name) {
    if (name == "production") return Environment::production;
    if (name == "staging") return Environment::staging;
    return name == "testing" ? Environment::testing : Environment::development;
}

void split_keys(std::string_view list, std::vector<std::string>& keys) {
    for (std::size_t at = 0; at < list.size();) {
        const std::size_t end = std::min(list.find(',', at), list.size());
        if (end > at) keys.emplace_back(list.substr(at, end - at));
        at = end + 1;
    }
}

void check_strict(const Configuration& configuration, std::vector<config::Problem>& problems) {
    configuration.values.check_secrets(option_table(), {"SECRET_KEY", "JWT_SECRET_KEY"}, problems);
    if (!configuration.values.has("PUBLIC_URL"))
        problems.push_back({"PUBLIC_URL", "is required in staging and production, as in https://www.example.org"});
    if (configuration.values.text("RATE_LIMIT") == "off")
        problems.push_back({"RATE_LIMIT", "must not be off in staging and production"});
}

}  // namespace

Configuration read_configuration(const config::Environment& flags, std::vector<config::Problem>& problems) {
    Configuration out;
    const auto file = config::read_env_file(".env", problems);
    out.values = config::Values::read(option_table(), flags, config::process_environment(), file, problems);
    const config::Values& values = out.values;
    out.environment = environment_of(values.text("TOWNHALL_ENV"));

    const std::string& listen = values.text("LISTEN");
    const std::size_t colon = listen.rfind(':');
    out.host = listen.substr(0, colon);
    if (out.host.starts_with('[') && out.host.ends_with(']')) out.host = out.host.substr(1, out.host.size() - 2);
    if (colon != std::string::npos) std::from_chars(listen.data() + colon + 1, listen.data() + listen.size(), out.port);

    out.home = values.has("TOWNHALL_HOME") ? std::filesystem::path(values.text("TOWNHALL_HOME")) : db::default_home();
    out.database_url = values.text("DATABASE_URL");
    if (values.has("TEST_DATABASE_URL") && values.text("TEST_DATABASE_URL") == out.database_url)
        problems.push_back({"TEST_DATABASE_URL", "must not be the database of DATABASE_URL: tests empty it"});
    if (out.environment == Environment::testing && values.has("TEST_DATABASE_URL"))
        out.database_url = values.text("TEST_DATABASE_URL");

    out.secret_key = values.text("SECRET_KEY");
    split_keys(values.text("JWT_SECRET_KEY"), out.token_keys);
    if (out.strict()) check_strict(out, problems);
    for (const Option& option : option_table())
        if (!option.used && values.given(option.name))
            out.notes.push_back(fmt::format("{} is set, but this version does not use it yet", option.name));
    return out;
}

}  // namespace townhall::app
