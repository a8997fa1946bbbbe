#include <fmt/format.h>

#include "accounts/operations.hpp"

namespace townhall::accounts {

namespace {

/// What only we can make of a link's name: so it need not be kept.
std::string token_of(const guard::SignKey& links, std::string_view link) { return guard::base64url(links.mac(link)); }

mail::Message message_to(const LinkDeps& deps, const sql::Receiver& receiver, const std::string& link,
                         const std::string& token) {
    const bool added = receiver.invited && receiver.has_password;  // an account that is there already needs no link
    const char* page = receiver.invited ? "invitation" : "reset";
    mail::Values values{{"address", receiver.email},
                        {"site", deps.public_url},
                        {"link", fmt::format("{}/console/{}#token={}", deps.public_url, page, token)}};
    if (receiver.name) values.emplace("name", *receiver.name);
    auto rendered = deps.templates.render(added              ? "account_added"
                                          : receiver.invited ? "account_invitation"
                                                             : "account_reset",
                                          values);
    return {.id = "account-" + link,
            .from = deps.from,
            .to = {receiver.email, receiver.name.value_or("")},
            .subject = std::move(rendered.subject),
            .text = std::move(rendered.text),
            .html = std::move(rendered.html)};
}

/// The mail's id and the token come from the link's name, so that a second run of the job sends nothing twice.
Task<jobs::Outcome> mail_link(LinkDeps deps, jobs::Job job) {
    const auto payload = api::json::parse(job.payload.text);
    const auto link = payload ? db::parse_uuid(api::json::text_at(&*payload, "link")) : std::nullopt;
    if (!link) co_return jobs::Fail{"the job names no link"};
    const std::string token = token_of(deps.links, link->text);
    const auto receiver = co_await deps.db.optional(db::Scope::owner().on("accounts.link"), sql::kOpenLink, job.payload,
                                                    bytes_of(guard::opaque_hash(token)));
    if (!receiver) co_return jobs::Done{};  // nobody to write to, or too late
    try {
        co_await deps.mailer.send(message_to(deps, *receiver, link->text, token));
    } catch (const mail::BadMessage&) {
        co_return jobs::Fail{"the address can't be written to"};
    }
    co_return jobs::Done{};
}

/// To the address before, so that its owner learns of a change that was not theirs. The mail's id comes from the job.
Task<jobs::Outcome> mail_address_notice(LinkDeps deps, jobs::Job job) {
    const auto payload = api::json::parse(job.payload.text);
    const auto notice = payload ? db::parse_uuid(api::json::text_at(&*payload, "notice")) : std::nullopt;
    if (!notice) co_return jobs::Fail{"the job names no notice"};
    std::string address(api::json::text_at(&*payload, "address"));
    auto rendered = deps.templates.render("account_address_changed", {{"address", address}, {"site", deps.public_url}});
    mail::Message message{.id = "account-" + notice->text,
                          .from = deps.from,
                          .to = {std::move(address)},
                          .subject = std::move(rendered.subject),
                          .text = std::move(rendered.text),
                          .html = std::move(rendered.html)};
    try {
        co_await deps.mailer.send(std::move(message));
    } catch (const mail::BadMessage&) {
        co_return jobs::Fail{"the address can't be written to"};
    }
    co_return jobs::Done{};
}

}  // namespace

jobs::Kind address_notice_kind(LinkDeps deps) {
    return {.name = "accounts.address_changed", .max_attempts = 12, .concurrency = 1, .handler = [deps](jobs::Job job) {
                return mail_address_notice(deps, std::move(job));
            }};
}

jobs::Kind link_kind(LinkDeps deps) {
    return {.name = "accounts.link", .max_attempts = 12, .concurrency = 2, .handler = [deps](jobs::Job job) {
                return mail_link(deps, std::move(job));
            }};
}

}  // namespace townhall::accounts
