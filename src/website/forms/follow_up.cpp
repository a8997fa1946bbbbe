#include "platform/api/schema.hpp"
#include "platform/observe/log.hpp"
#include "website/forms/forms.hpp"

namespace townhall::website {

namespace {

constexpr db::Query<db::Json(db::Uuid)> kDataOf{"forms.data_of", db::Mode::read,
                                                "select data from website.submissions where id = $1"};

std::string text_of(const api::json::Value& data, std::string_view name) {
    const auto* value = data.find(name);
    const auto* text = value ? value->get_if<std::string>() : nullptr;
    return text ? *text : std::string();
}

mail::Values values_of(const api::json::Value& data) {
    mail::Values values;
    for (const char* name : {"name", "email", "message", "company", "phone", "subject"})
        values.emplace(name, text_of(data, name));
    return values;
}

/// The mails' ids come from the submission's, so that a second run of the job sends nothing twice.
Task<jobs::Outcome> follow_up(FollowUpDeps deps, jobs::Job job) {
    const auto payload = api::json::parse(job.payload.text);
    const auto id = payload ? db::parse_uuid(text_of(*payload, "id")) : std::nullopt;
    if (!id) co_return jobs::Fail{"the job names no submission"};
    const auto kept = co_await deps.db.optional(db::Scope::owner(), kDataOf, *id);
    if (!kept) co_return jobs::Done{};  // deleted in the meantime: nobody is to be written to
    const auto data = api::json::parse(kept->text);
    if (!data) co_return jobs::Fail{"the submission's data is not JSON"};

    const mail::Values values = values_of(*data);
    const mail::Address visitor{text_of(*data, "email"), text_of(*data, "name")};
    bool refused = false;
    try {
        auto confirmation = deps.templates.render("contact_confirmation", values);
        co_await deps.mailer.send({.id = id->text + "-confirmation",
                                   .from = deps.from,
                                   .to = visitor,
                                   .reply_to = deps.team,
                                   .subject = std::move(confirmation.subject),
                                   .text = std::move(confirmation.text),
                                   .html = std::move(confirmation.html)});
    } catch (const mail::BadMessage&) {
        refused = true;  // the team is told all the same
    }
    auto notice = deps.templates.render("contact_notice", values);
    co_await deps.mailer.send({.id = id->text + "-notice",
                               .from = deps.from,
                               .to = deps.team,
                               .reply_to = {},
                               .subject = std::move(notice.subject),
                               .text = std::move(notice.text),
                               .html = std::move(notice.html)});
    if (refused) co_return jobs::Fail{"the visitor's address can't be written to"};
    co_return jobs::Done{};
}

}  // namespace

jobs::Kind follow_up_kind(FollowUpDeps deps) {
    // One at a time: nobody waits for them, and visitors who write now come first.
    return {.name = "submission.follow_up", .max_attempts = 12, .concurrency = 1, .handler = [deps](jobs::Job job) {
                return follow_up(deps, std::move(job));
            }};
}

}  // namespace townhall::website
