#include "platform/api/idempotency.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "platform/guard/hash.hpp"
#include "platform/http/uri.hpp"

namespace townhall::api {

namespace {

db::Bytes hash(std::string_view text) {
    const guard::Digest digest = guard::sha256(text);
    return {std::string(reinterpret_cast<const char*>(digest.data()), digest.size())};
}

/// What makes a request another one under the same key: its campaign, query and body. The order of parameters does not.
std::string content_of(const Context& context, std::string_view body) {
    auto query = http::parse_query(context.request.query).value_or(http::QueryPairs());
    if (query.empty() && !context.who.campaign) return std::string(body);
    std::ranges::sort(query);
    std::string content = fmt::format("{}\n", context.who.campaign.value_or(0));
    for (const auto& [name, value] : query)
        if (name != "campaign_id")
            content += fmt::format("{}={}&", http::percent_encode(name), http::percent_encode(value));
    return content.append("\n").append(body);
}

constexpr std::string_view kETag = "ETag";

}  // namespace

std::string kept_text(std::string_view etag, const std::vector<std::pair<std::string, std::string>>& headers,
                      std::string_view body) {
    std::string text;
    if (!etag.empty()) text += fmt::format("{}: {}\n", kETag, etag);
    for (const auto& [name, value] : headers) text += fmt::format("{}: {}\n", name, value);
    if (!text.empty()) text += '\n';
    return text.append(body);
}

KeptAnswer kept_from(int status, std::string_view text) {
    KeptAnswer kept{.status = status, .etag = {}, .headers = {}, .body = {}};
    // Bodies are JSON objects, which no header's name begins like.
    while (!text.empty() && !text.starts_with('{')) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos) continue;  // the empty line before the body
        const std::string_view name = line.substr(0, colon), value = line.substr(colon + 2);
        if (name == kETag)
            kept.etag = value;
        else
            kept.headers.emplace_back(name, value);
    }
    kept.body = text;
    return kept;
}

Result<std::optional<IdempotencyKey>> idempotency_key(const Context& context) {
    return idempotency_key(context, context.body);
}

Result<std::optional<IdempotencyKey>> idempotency_key(const Context& context, std::string_view body) {
    const auto key = context.header("idempotency-key");
    if (!key) return std::nullopt;
    if (key->empty() || key->size() > 255)
        return std::unexpected(Error(kMalformed, "Idempotency-Key must have 1 to 255 characters."));
    return IdempotencyKey{
        hash(fmt::format("{}\n{}\n{}\n{}", context.who.user_id, context.request.method, context.request.path, *key)),
        hash(content_of(context, body))};
}

Task<Result<KeptAnswer>> kept_answer(db::Database& db, const guard::SealKey& seal, IdempotencyKey key) {
    // From the pool: the row was committed by another lane or process, and this is rare.
    const auto kept = co_await db.optional(db::Scope::owner().slow(), kKeptAnswer, key.id);
    if (!kept) co_return std::unexpected(Error(kConflict, "The first request with this key has not ended."));
    const auto& [request_hash, status, sealed] = *kept;
    if (request_hash != key.request_hash)
        co_return std::unexpected(Error(kIdempotencyMismatch, "Take a new Idempotency-Key for another request."));
    auto body = seal.open(sealed.data, key.id.data);
    if (!body) co_return std::unexpected(Error(kConflict, "The answer kept for this key can't be read any more."));
    co_return kept_from(status, *body);
}

}  // namespace townhall::api
