#include "campaign/imports/operations.hpp"
#include "platform/api/etag.hpp"

namespace townhall::campaign {

namespace {

constexpr std::chrono::milliseconds kBetweenLooks{500};

/// What is told of an import at one moment; `id` stands for it when a client comes back.
struct Moment {
    bool last;
    std::string data;
    std::string id;
};

Moment moment_of(const Import& import) {
    Moment moment{.last = final(import), .data = {}, .id = {}};
    api::encode(moment.data, import);
    const std::string tag = api::etag_of_bytes(moment.data);
    moment.id = tag.substr(1, tag.size() - 2);
    return moment;
}

Task<void> tell(db::Database& db, db::Scope scope, db::Uuid id, Moment now, std::string known,
                api::EventStream& stream) {
    for (;;) {
        if (now.id != known) co_await stream.send(now.last ? "done" : "progress", now.data, now.id);
        known = now.id;
        if (now.last || !co_await stream.sleep(kBetweenLooks)) co_return;
        const auto import = co_await db.optional(scope, kGetImport, id);
        if (!import) co_return;
        now = moment_of(*import);
    }
}

}  // namespace

Task<Result<http::Response>> watch_import(ImportsDeps deps, api::Context& context, GetImport in) {
    const db::Scope scope = import_scope(context.who);
    const auto import = co_await deps.db.optional(scope, kGetImport, in.id);
    if (!import) co_return std::unexpected(kNoSuchImport);
    Moment now = moment_of(*import);
    std::string known(context.header("last-event-id").value_or(std::string_view()));
    if (now.last && known == now.id) {  // tells EventSource that there is nothing to come back for
        http::Response response;
        response.status = 204;
        co_return response;
    }
    co_return deps.events.open(context, [&db = deps.db, scope, id = in.id, now = std::move(now),
                                         known = std::move(known)](api::EventStream& stream) mutable {
        return tell(db, scope, id, std::move(now), std::move(known), stream);
    });
}

}  // namespace townhall::campaign
