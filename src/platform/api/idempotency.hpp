#pragma once

#include <optional>
#include <string>
#include <utility>

#include "platform/api/endpoint.hpp"
#include "platform/db/db.hpp"
#include "platform/guard/seal.hpp"

/// `Idempotency-Key`: a POST that creates runs once per key, and its first answer is given again for 24 hours.
///
/// The key's row is written in the transaction (or the statement) of what the POST does, so that a crash leaves both or
/// neither. Answers are sealed: they may hold a client's secret.
namespace townhall::api {

/// What a key stands for: the same key of another caller, or on another route, is another key.
struct IdempotencyKey {
    db::Bytes id;            // SHA-256 over caller, method, route and key
    db::Bytes request_hash;  // SHA-256 of the body, and of the acting campaign and the query where there are any
};

/// An answer as it is kept.
struct KeptAnswer {
    int status = 0;
    std::string etag;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

/// The text that is sealed: the body alone, or after lines of what the answer carries beside it.
[[nodiscard]] std::string kept_text(std::string_view etag,
                                    const std::vector<std::pair<std::string, std::string>>& headers,
                                    std::string_view body);
/// The answer of such a text.
[[nodiscard]] KeptAnswer kept_from(int status, std::string_view text);

/// The request's key, if it has one; 400 when it has an unusable one.
[[nodiscard]] Result<std::optional<IdempotencyKey>> idempotency_key(const Context& context);

/// The same of a request whose body is read by the operation itself: `body` stands for it.
[[nodiscard]] Result<std::optional<IdempotencyKey>> idempotency_key(const Context& context, std::string_view body);

/// Takes the key within a transaction: a row when the request is to run, none when the key was used within a day.
/// Waits while another transaction holds it.
inline constexpr db::Query<std::int32_t(db::Bytes, db::Bytes)> kTakeKey{
    "idempotency.take", db::Mode::write,
    "insert into core.idempotency_keys as k (id, request_hash, status, answer) values ($1, $2, 0, '')"
    " on conflict (id) do update set request_hash = excluded.request_hash, created_at = now()"
    " where k.created_at < now() - interval '24 hours' returning 1"};
inline constexpr db::Query<void(db::Bytes, std::int32_t, db::Bytes)> kKeepAnswer{
    "idempotency.keep", db::Mode::write, "update core.idempotency_keys set status = $2, answer = $3 where id = $1"};
inline constexpr db::Query<std::tuple<db::Bytes, std::int32_t, db::Bytes>(db::Bytes)> kKeptAnswer{
    "idempotency.find", db::Mode::read,
    "select request_hash, status::int, answer from core.idempotency_keys where id = $1"};

/// The first answer, or why it can't be given.
Task<Result<KeptAnswer>> kept_answer(db::Database& db, const guard::SealKey& seal, IdempotencyKey key);

/// The first answer, given again.
template <class Out>
Task<Result<Answer<Out>>> replay(db::Database& db, const guard::SealKey& seal, IdempotencyKey key) {
    auto kept = co_await kept_answer(db, seal, std::move(key));
    if (!kept) co_return std::unexpected(kept.error());
    Answer<Out> answer;
    answer.status = kept->status;
    answer.etag = std::move(kept->etag);
    answer.headers = std::move(kept->headers);
    answer.kept_body = std::move(kept->body);
    answer.headers.emplace_back("Idempotent-Replayed", "true");
    co_return answer;
}

/// Runs `body(Transaction&) -> Task<Result<Answer<Out>>>` in one transaction, once per key where there is one. The
/// answer's entity tag and headers are kept with it. An answer given again has a `kept_body`.
template <class Out, class Body>
Task<Result<Answer<Out>>> once(db::Database& db, const guard::SealKey& seal, std::optional<IdempotencyKey> key,
                               db::Scope scope, int success, Body body) {
    bool done_before = false;
    auto result = co_await db.transaction(scope, [&](db::Transaction& tx) -> Task<Result<Answer<Out>>> {
        done_before = key && !co_await tx.optional(kTakeKey, key->id, key->request_hash);
        if (done_before) co_return Answer<Out>{};
        auto answer = co_await body(tx);
        if (answer && key) {
            std::string text;
            encode(text, answer->value);
            co_await tx.execute(kKeepAnswer, key->id, answer->status ? answer->status : success,
                                {seal.seal(kept_text(answer->etag, answer->headers, text), key->id.data)});
        }
        co_return answer;
    });
    if (done_before) co_return co_await replay<Out>(db, seal, *std::move(key));
    co_return result;
}

/// The same, once per key of the request.
template <class Out, class Body>
Task<Result<Answer<Out>>> once(db::Database& db, const guard::SealKey& seal, const Context& context, db::Scope scope,
                               int success, Body body) {
    auto key = idempotency_key(context);
    if (!key) co_return std::unexpected(key.error());
    co_return co_await once<Out>(db, seal, *std::move(key), scope, success, std::move(body));
}

}  // namespace townhall::api
