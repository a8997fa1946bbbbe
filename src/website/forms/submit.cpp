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

}  // namespace

Task<Result<api::Answer<Received>>> submit_contact(FormsDeps deps, api::Context& context, Contact form) {
    const auto key = api::idempotency_key(context);
    if (!key) co_return std::unexpected(key.error());

    Received received{{guard::new_id()}, "contact", "received", db::now()};
    const bool spam = !form.website_url.value().value_or("").empty();
    if (spam) {
        co_await deps.db.execute(db::Scope::owner(), kKeepSpam, received.id, received.type, {data_of(std::move(form))},
                                 received.received_at);
        co_return api::Answer<Received>{.value = std::move(received)};
    }

    const std::string email = lower(form.email);
    const auto name = std::optional(form.name);
    const auto company = form.company.value();
    const auto phone = form.phone.value();
    const db::Scope lane = db::Scope::owner().on(email);  // two forms of one visitor meet on the visitor's row
    if (!*key) {
        co_await deps.db.execute(lane, kKeep, email, name, company, phone, received.id, received.type,
                                 {data_of(std::move(form))}, received.received_at);
    } else {
        // Everything that the answer says is known beforehand, so it can be kept by the same statement.
        std::string answer;
        api::encode(answer, received);
        const auto kept = co_await deps.db.execute(
            lane, kKeepOnce, email, name, company, phone, received.id, received.type, {data_of(std::move(form))},
            received.received_at, (*key)->id, (*key)->request_hash, {deps.answers.seal(answer, (*key)->id.data)});
        if (kept == 0) co_return co_await api::replay<Received>(deps.db, deps.answers, **key);
    }
    if (deps.jobs) deps.jobs->wake();
    co_return api::Answer<Received>{.value = std::move(received)};
}

}  // namespace townhall::website
