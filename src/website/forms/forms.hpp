#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "platform/api/router.hpp"
#include "platform/db/db.hpp"
#include "platform/db/gather.hpp"
#include "platform/guard/seal.hpp"
#include "platform/jobs/jobs.hpp"
#include "platform/mail/mailer.hpp"
#include "platform/mail/render.hpp"

/// The website's forms: what visitors send is kept, with its follow-up job, before they are answered.
namespace townhall::website {

/// Body of POST /api/contact.
struct Contact {
    std::string name;
    std::string email;
    std::string message;
    api::Maybe<std::string> company;
    api::Maybe<std::string> phone;
    api::Maybe<std::string> subject;
    api::Maybe<bool> consent;
    api::Maybe<std::string> source;
    api::Maybe<db::Json> utm;
    api::Maybe<std::string> recaptcha_token;
    api::Maybe<std::string> website_url;  // the honeypot: people don't see it, machines fill it
};
constexpr auto schema_of(std::type_identity<Contact>) {
    return api::object("Contact", api::field("name", &Contact::name, api::min_len<1>, api::max_len<200>),
                       api::field("email", &Contact::email, api::min_len<1>, api::email),
                       api::field("message", &Contact::message, api::min_len<1>, api::max_len<10'000>),
                       api::field("company", &Contact::company, api::max_len<200>),
                       api::field("phone", &Contact::phone, api::max_len<50>),
                       api::field("subject", &Contact::subject, api::max_len<300>),
                       api::field("consent", &Contact::consent),
                       api::field("source", &Contact::source, api::max_len<200>),
                       api::field("utm", &Contact::utm, api::max_len<2'000>),
                       api::field("recaptcha_token", &Contact::recaptcha_token, api::max_len<4'000>),
                       api::field("website_url", &Contact::website_url, api::max_len<2'000>, api::hidden));
}

/// What every form answers.
struct Received {
    db::Uuid id;
    std::string type;
    std::string status;
    db::Timestamp received_at;
};
constexpr auto schema_of(std::type_identity<Received>) {
    return api::object("Received", api::field("id", &Received::id), api::field("type", &Received::type),
                       api::field("status", &Received::status), api::field("received_at", &Received::received_at));
}

/// One background step that a submission caused, as staff see it.
struct FollowUp {
    std::string kind;
    std::string status;
    int attempts = 0;
    std::optional<std::string> last_error;
};
constexpr auto schema_of(std::type_identity<FollowUp>) {
    return api::object("FollowUp", api::field("kind", &FollowUp::kind), api::field("status", &FollowUp::status),
                       api::field("attempts", &FollowUp::attempts), api::field("last_error", &FollowUp::last_error));
}

/// A submission, as staff see it.
struct Submission {
    db::Uuid id;
    std::string type;
    std::string status;
    db::Timestamp received_at;
    db::Json data;
    db::Json follow_ups;  // of FollowUp
};
constexpr auto columns_of(std::type_identity<Submission>) {
    return std::tuple{&Submission::id,          &Submission::type, &Submission::status,
                      &Submission::received_at, &Submission::data, &Submission::follow_ups};
}
constexpr auto schema_of(std::type_identity<Submission>) {
    return api::object("Submission", api::field("id", &Submission::id), api::field("type", &Submission::type),
                       api::field("status", &Submission::status), api::field("received_at", &Submission::received_at),
                       api::field("data", &Submission::data), api::field("follow_ups", &Submission::follow_ups));
}

/// One submission to keep, with what its other rows need.
struct NewSubmission {
    db::Uuid id;
    std::string type;
    db::Json data;
    db::Timestamp received_at;
    std::string email;  // lower-cased: whose it is
    std::optional<std::string> name;
    std::optional<std::string> company;
    std::optional<std::string> phone;
    std::optional<db::Bytes> key;  // where the request has an Idempotency-Key, with the two that follow
    std::optional<db::Bytes> request_hash;
    std::optional<db::Bytes> answer;  // sealed
};

/// Keeps submissions, each with its visitor, its follow-up job and its idempotency key: all of them, or nothing.
class SubmissionKeeper {
  public:
    /// `home`: the first of the database's contexts.
    SubmissionKeeper(boost::asio::io_context& home, db::Database& db);

    /// False where the idempotency key is known, and younger than a day: nothing was written. From any thread.
    Task<bool> keep(NewSubmission submission) { return gather_.write(std::move(submission)); }

  private:
    db::Gather<NewSubmission, bool> gather_;
};

/// What the forms need of the application. Outlives the router.
struct FormsDeps {
    db::Database& db;
    SubmissionKeeper& keeper;
    jobs::Worker* jobs;             // none where no worker runs in this process: the poll of another finds the job
    const guard::SealKey& answers;  // seals kept answers
    const guard::SignKey& cursors;
};

void add_form_routes(api::Router& router, const FormsDeps& deps);
[[nodiscard]] std::span<const db::Statement* const> form_queries();

/// Who is written to, and how, once a submission is kept.
struct FollowUpDeps {
    db::Database& db;
    mail::Mailer& mailer;
    const mail::Templates& templates;
    mail::Address from;
    mail::Address team;
};

/// The job `submission.follow_up`: the confirmation to the visitor and the notice to the team.
[[nodiscard]] jobs::Kind follow_up_kind(FollowUpDeps deps);

}  // namespace townhall::website
