#include "platform/api/idempotency.hpp"

#include <fmt/format.h>

#include "platform/guard/hash.hpp"

namespace townhall::api {

namespace {

db::Bytes hash(std::string_view text) {
    const guard::Digest digest = guard::sha256(text);
    return {std::string(reinterpret_cast<const char*>(digest.data()), digest.size())};
}

}  // namespace

Result<std::optional<IdempotencyKey>> idempotency_key(const Context& context) {
    const auto key = context.header("idempotency-key");
    if (!key) return std::nullopt;
    if (key->empty() || key->size() > 255)
        return std::unexpected(Error(kMalformed, "Idempotency-Key must have 1 to 255 characters."));
    return IdempotencyKey{
        hash(fmt::format("{}\n{}\n{}\n{}", context.who.user_id, context.request.method, context.request.path, *key)),
        hash(context.body)};
}

Task<Result<std::pair<int, std::string>>> kept_answer(db::Database& db, const guard::SealKey& seal,
                                                      IdempotencyKey key) {
    // From the pool: the row was committed by another lane or process, and this is rare.
    const auto kept = co_await db.optional(db::Scope::owner().slow(), kKeptAnswer, key.id);
    if (!kept) co_return std::unexpected(Error(kConflict, "The first request with this key has not ended."));
    const auto& [request_hash, status, sealed] = *kept;
    if (request_hash != key.request_hash)
        co_return std::unexpected(Error(kIdempotencyMismatch, "Take a new Idempotency-Key for another request."));
    auto body = seal.open(sealed.data, key.id.data);
    if (!body) co_return std::unexpected(Error(kConflict, "The answer kept for this key can't be read any more."));
    co_return std::pair{status, *std::move(body)};
}

}  // namespace townhall::api
