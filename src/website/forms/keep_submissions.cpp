#include <unordered_set>

#include "website/forms/forms.hpp"
#include "website/forms/operations.hpp"

namespace townhall::website {

namespace {

/// More would only make those wait who came first: beyond, PostgreSQL's work grows with the rows.
constexpr std::size_t kMostTogether = 256;

std::vector<std::string_view> marks_of(const NewSubmission& submission) {
    std::vector<std::string_view> marks{submission.email};
    if (submission.key) marks.emplace_back(submission.key->data);
    return marks;
}

using Slots = std::vector<db::Gather<NewSubmission, bool>::Slot*>;

/// Copies, for a statement that is refused is written again in halves.
template <class T>
std::vector<T> column(const Slots& slots, T NewSubmission::* member) {
    std::vector<T> values;
    values.reserve(slots.size());
    for (auto* slot : slots) values.push_back(slot->item.*member);
    return values;
}

Task<void> keep_together(db::Database& db, Slots slots) {
    const auto kept = co_await db.all(
        db::Scope::owner(), kKeep, column(slots, &NewSubmission::email), column(slots, &NewSubmission::name),
        column(slots, &NewSubmission::company), column(slots, &NewSubmission::phone), column(slots, &NewSubmission::id),
        column(slots, &NewSubmission::type), column(slots, &NewSubmission::data),
        column(slots, &NewSubmission::received_at), column(slots, &NewSubmission::key),
        column(slots, &NewSubmission::request_hash), column(slots, &NewSubmission::answer));
    std::unordered_set<std::string_view> ids;
    for (const db::Uuid& id : kept) ids.insert(id.text);
    for (auto* slot : slots) slot->outcome = ids.contains(slot->item.id.text);
}

}  // namespace

SubmissionKeeper::SubmissionKeeper(boost::asio::io_context& home, db::Database& db)
    : gather_(home, kMostTogether, marks_of, [&db](Slots slots) { return keep_together(db, std::move(slots)); }) {}

}  // namespace townhall::website
