#include <unordered_map>

#include "platform/api/schema.hpp"
#include "website/forms/forms.hpp"

namespace townhall::website {

namespace {

constexpr db::Query<std::tuple<db::Uuid, db::Json>(std::vector<db::Uuid>)> kDataOf{
    "forms.data_of", db::Mode::read, "select id, data from website.submissions where id = any($1)"};

/// The submission that a job is about.
std::optional<db::Uuid> submission_of(const jobs::Job& job) {
    const auto payload = api::json::parse(job.payload.text);
    return payload ? db::parse_uuid(api::json::text_at(&*payload, "id")) : std::nullopt;
}

/// The confirmation to the visitor and the notice to the team. Their ids come from the submission's, so that a second
/// run of the job sends nothing twice.
void add_mails(std::vector<mail::Message>& mails, const FollowUpDeps& deps, const std::string& id,
               const api::json::Value& data) {
    const auto text = [&](std::string_view name) { return std::string(api::json::text_at(&data, name)); };
    mail::Values values;
    for (const char* name : {"name", "email", "message", "company", "phone", "subject"})
        values.emplace(name, text(name));
    auto confirmation = deps.templates.render("contact_confirmation", values);
    auto notice = deps.templates.render("contact_notice", values);
    mails.push_back({.id = id + "-confirmation",
                     .from = deps.from,
                     .to = {text("email"), text("name")},
                     .reply_to = deps.team,
                     .subject = std::move(confirmation.subject),
                     .text = std::move(confirmation.text),
                     .html = std::move(confirmation.html)});
    mails.push_back({.id = id + "-notice",
                     .from = deps.from,
                     .to = deps.team,
                     .reply_to = {},
                     .subject = std::move(notice.subject),
                     .text = std::move(notice.text),
                     .html = std::move(notice.html)});
}

Task<std::unordered_map<std::string, std::string>> data_of(FollowUpDeps deps, std::vector<db::Uuid> ids) {
    std::unordered_map<std::string, std::string> found;
    for (auto& [id, data] : co_await deps.db.all(db::Scope::owner(), kDataOf, ids))
        found.emplace(std::move(id.text), std::move(data.text));
    co_return found;
}

Task<std::vector<jobs::Outcome>> follow_up(FollowUpDeps deps, std::vector<jobs::Job> jobs) {
    std::vector<std::optional<db::Uuid>> submissions;
    std::vector<db::Uuid> ids;
    for (const jobs::Job& job : jobs) {
        submissions.push_back(submission_of(job));
        if (submissions.back()) ids.push_back(*submissions.back());
    }
    const auto kept = co_await data_of(deps, std::move(ids));

    std::vector<jobs::Outcome> outcomes(jobs.size(), jobs::Done{});
    std::vector<mail::Message> mails;
    std::vector<std::size_t> about;  // whose confirmation every other mail is
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        if (!submissions[i]) {
            outcomes[i] = jobs::Fail{"the job names no submission"};
            continue;
        }
        const auto found = kept.find(submissions[i]->text);
        if (found == kept.end()) continue;  // deleted in the meantime: nobody is to be written to
        const auto data = api::json::parse(found->second);
        if (!data) {
            outcomes[i] = jobs::Fail{"the submission's data is not JSON"};
            continue;
        }
        add_mails(mails, deps, submissions[i]->text, *data);
        about.push_back(i);
    }
    const auto refusals = co_await deps.mailer.send_all(std::move(mails));
    // Where the visitor can't be written to, the team is told all the same.
    for (std::size_t i = 0; i < about.size(); ++i) {
        if (refusals[2 * i])
            outcomes[about[i]] = jobs::Fail{"the visitor's address can't be written to"};
        else if (refusals[2 * i + 1])
            outcomes[about[i]] = jobs::Fail{"the team's address can't be written to"};
    }
    co_return outcomes;
}

}  // namespace

jobs::Kind follow_up_kind(FollowUpDeps deps) {
    return {.name = "submission.follow_up",
            .max_attempts = 12,
            .concurrency = 1,
            .lease = std::chrono::seconds(15),
            .timeout = std::chrono::seconds(120),
            .batch_handler = [deps](std::vector<jobs::Job> jobs) { return follow_up(deps, std::move(jobs)); },
            .batch = 200};
}

}  // namespace townhall::website
