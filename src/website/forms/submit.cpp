#include "platform/guard/uuid.hpp"
#include "website/forms/forms.hpp"
#include "website/forms/operations.hpp"

namespace townhall::website {

namespace {

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return text;
}

/// What is kept of the form: the fields sent, without what only served to check the sender.
std::string data_of(Contact form) {
    form.recaptcha_token = {};
    form.website_url = {};
    std::string out;
    api::encode(out, form);
    return out;
}

/// A key is taken as for any other form: whoever sends one twice must not see that the first was seen through.
Task<bool> keep_spam(db::Database& db, NewSubmission spam) {
    db::Scope scope = db::Scope::owner();
    if (spam.key) scope = scope.on(spam.key->data);
    co_return (co_await db.optional(scope, kKeepSpam, spam.id, spam.type, spam.data, spam.received_at, spam.key,
                                    spam.request_hash, spam.answer))
        .has_value();
}

}  // namespace

Task<Result<api::Answer<Received>>> submit_contact(FormsDeps deps, api::Context& context, Contact form) {
    const auto key = api::idempotency_key(context);
    if (!key) co_return std::unexpected(key.error());

    Received received{{guard::new_id()}, "contact", "received", db::now()};
    const bool spam = !form.website_url.value().value_or("").empty();
    NewSubmission submission{.id = received.id,
                             .type = received.type,
                             .received_at = received.received_at,
                             .email = lower(form.email),
                             .name = form.name,
                             .company = form.company.value(),
                             .phone = form.phone.value()};
    submission.data = {data_of(std::move(form))};
    if (*key) {
        // Everything that the answer says is known beforehand, so it can be kept by the same statement.
        std::string answer;
        api::encode(answer, received);
        submission.key = (*key)->id;
        submission.request_hash = (*key)->request_hash;
        submission.answer = db::Bytes{deps.answers.seal(answer, (*key)->id.data)};
    }
    const bool kept =
        spam ? co_await keep_spam(deps.db, std::move(submission)) : co_await deps.keeper.keep(std::move(submission));
    if (!kept) co_return co_await api::replay<Received>(deps.db, deps.answers, **key);
    if (!spam && deps.jobs) deps.jobs->wake();
    co_return api::Answer<Received>{.value = std::move(received)};
}

}  // namespace townhall::website
