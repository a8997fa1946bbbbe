#include <fmt/format.h>

#include "campaign/imports/fault_csv.hpp"
#include "campaign/imports/operations.hpp"

namespace townhall::campaign {

namespace {

constexpr std::int64_t kAtOnce = 500;

constexpr db::Query<FaultRow(db::Uuid, std::string, std::int64_t, std::int64_t, std::int64_t)> kFaults{
    "imports.faults", db::Mode::read,
    "select f.line, f.byte_offset, f.member, f.column_name, f.code, f.reason, f.cells"
    " from campaign.next_faults($1, $2, $3, $4, $5) f"};

constexpr db::Query<std::optional<std::vector<std::string>>(db::Uuid)> kColumnNames{
    "imports.columns", db::Mode::read, "select i.columns from campaign.imports i where i.id = $1"};

constexpr std::array<const db::Statement*, 2> kQueries{&kFaults, &kColumnNames};

Task<void> write_faults(db::Database& db, db::Scope scope, db::Uuid id, http::BodyWriter& body) {
    const auto columns = (co_await db.one(scope, kColumnNames, id)).value_or(std::vector<std::string>());
    std::string header;
    add_header(header, columns);
    co_await body.write(header);
    std::string member;
    std::int64_t line = -1, offset = -1;
    for (;;) {
        const auto rows = co_await db.all(scope.slow(), kFaults, id, member, line, offset, kAtOnce);
        std::string out;
        for (const FaultRow& row : rows) add_row(out, row, columns.size());
        if (!out.empty()) co_await body.write(out);
        if (static_cast<std::int64_t>(rows.size()) < kAtOnce) co_return;
        member = rows.back().member.value_or("");
        line = rows.back().line;
        offset = rows.back().byte_offset;
    }
}

}  // namespace

Task<Result<http::Response>> errors_csv(ImportsDeps deps, Principal who, GetImport in) {
    const db::Scope scope = import_scope(who);
    const auto import = co_await deps.db.optional(scope, kGetImport, in.id);
    if (!import) co_return std::unexpected(kNoSuchImport);
    http::Response response;
    response.content_type = "text/csv; charset=utf-8";
    response.headers.emplace_back("Content-Disposition",
                                  fmt::format("attachment; filename=\"errors-{}.csv\"", in.id.text));
    response.headers.emplace_back("Cache-Control", "private, no-store");
    response.stream = [&db = deps.db, scope, id = in.id](http::BodyWriter& body) {
        return write_faults(db, scope, id, body);
    };
    co_return response;
}

std::span<const db::Statement* const> fault_queries() { return kQueries; }

}  // namespace townhall::campaign
