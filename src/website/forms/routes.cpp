#include "website/forms/operations.hpp"

namespace townhall::website {

namespace {

constexpr api::Endpoint<Contact, Received> kContact{.verb = api::post,
                                                    .path = "/api/contact",
                                                    .summary = "Send a message to the organisation",
                                                    .who = api::Who::anyone,
                                                    .success = 201,
                                                    .errors = {&api::kIdempotencyMismatch, &api::kConflict},
                                                    .body_limit = 64 * 1024,
                                                    .idempotent_post = true};

constexpr api::Endpoint<ListSubmissions, api::Page<Submission>> kList{
    .verb = api::get,
    .path = "/api/v1/submissions",
    .summary = "List what visitors sent, newest first",
    .who = api::Who::editor};

constexpr api::Endpoint<GetSubmission, Submission> kGet{.verb = api::get,
                                                        .path = "/api/v1/submissions/{id}",
                                                        .summary = "Read one submission and its follow-ups",
                                                        .who = api::Who::editor,
                                                        .errors = {&api::kNotFound}};

constexpr api::Endpoint<GetSubmission, Submission> kReplay{
    .verb = api::post,
    .path = "/api/v1/submissions/{id}/replay",
    .summary = "Give a submission's follow-ups that failed for good another round of attempts",
    .who = api::Who::editor,
    .errors = {&api::kNotFound}};

constexpr std::array<const db::Statement*, 2> kQueries{&kKeep, &kKeepSpam};

}  // namespace

void add_form_routes(api::Router& router, const FormsDeps& deps) {
    router.add(kContact, deps, submit_contact);
    router.add(kList, deps, list_submissions);
    router.add(kGet, deps, get_submission);
    router.add(kReplay, deps, replay_submission);
}

std::span<const db::Statement* const> form_queries() { return kQueries; }

}  // namespace townhall::website
