#pragma once

// The imports' operations: for the files of this folder.

#include <span>

#include "campaign/imports/imports.hpp"

namespace townhall::campaign {

inline constexpr api::ErrorCode kNoSuchImport{"no_such_import", 404, "There is no such import"};
inline constexpr api::ErrorCode kImportEnded{"import_ended", 409, "The import has ended already"};

enum class Match : std::uint8_t { update, skip };
constexpr auto enum_names(std::type_identity<Match>) {
    return std::array<std::pair<Match, std::string_view>, 2>{{{Match::update, "update"}, {Match::skip, "skip"}}};
}

struct UploadOptions {
    std::optional<std::string> source, mapping;
    Match on_match = Match::update;
    bool dry_run = false;
};
constexpr auto schema_of(std::type_identity<UploadOptions>) {
    using U = UploadOptions;
    return api::object("UploadOptions", api::query("source", &U::source, api::min_len<1>, api::max_len<80>, api::slug),
                       api::query("mapping", &U::mapping, api::max_len<5'000>),
                       api::query("on_match", &U::on_match, api::defaulted),
                       api::query("dry_run", &U::dry_run, api::defaulted));
}

struct PreviewOptions {
    std::optional<std::string> mapping;
};
constexpr auto schema_of(std::type_identity<PreviewOptions>) {
    return api::object("PreviewOptions", api::query("mapping", &PreviewOptions::mapping, api::max_len<5'000>));
}

/// How a file would be read.
struct PreviewColumn {
    std::string name;
    std::optional<std::string> field;  // of a voter; none: goes to `extra`
};
constexpr auto schema_of(std::type_identity<PreviewColumn>) {
    return api::object("PreviewColumn", api::field("name", &PreviewColumn::name),
                       api::field("field", &PreviewColumn::field));
}
struct PreviewFault {
    std::int64_t line = 0;
    std::optional<std::string> member;  // of a zip with several
    std::string column, code, reason;
};
constexpr auto schema_of(std::type_identity<PreviewFault>) {
    using F = PreviewFault;
    return api::object("PreviewFault", api::field("line", &F::line), api::field("member", &F::member),
                       api::field("column", &F::column), api::field("code", &F::code),
                       api::field("reason", &F::reason));
}
struct Preview {
    std::string packing, encoding, delimiter;
    bool header = false;
    std::string layout;
    std::vector<PreviewColumn> columns;
    std::vector<std::vector<std::string>> rows;
    bool can_identify = false;
    std::vector<PreviewFault> faults;
};
constexpr auto schema_of(std::type_identity<Preview>) {
    using P = Preview;
    return api::object("Preview", api::field("packing", &P::packing), api::field("encoding", &P::encoding),
                       api::field("delimiter", &P::delimiter), api::field("header", &P::header),
                       api::field("layout", &P::layout), api::field("columns", &P::columns),
                       api::field("rows", &P::rows), api::field("can_identify", &P::can_identify),
                       api::field("faults", &P::faults));
}

struct GetImport {
    db::Uuid id;
};
constexpr auto schema_of(std::type_identity<GetImport>) {
    return api::object("GetImport", api::path("id", &GetImport::id));
}

struct ListImports {
    std::int64_t per_page = 50;
    std::optional<std::int64_t> page;
    std::optional<std::string> after;
    std::optional<db::Timestamp> updated_since;
};
constexpr auto schema_of(std::type_identity<ListImports>) {
    return api::object("ListImports",
                       api::query("per_page", &ListImports::per_page, api::min<1>, api::max<200>, api::defaulted),
                       api::query("page", &ListImports::page, api::min<1>, api::max<1'000'000>),
                       api::query("after", &ListImports::after, api::max_len<500>),
                       api::query("updated_since", &ListImports::updated_since));
}

Task<Result<api::Answer<Import>>> upload(ImportsDeps deps, api::Context& context, UploadOptions in);
Task<Result<Preview>> preview(ImportsDeps deps, api::Context& context, PreviewOptions in);
Task<Result<api::Page<Import>>> list_imports(ImportsDeps deps, api::Context& context, ListImports in);
Task<Result<api::Answer<Import>>> get_import(ImportsDeps deps, Principal who, GetImport in);
Task<Result<http::Response>> watch_import(ImportsDeps deps, api::Context& context, GetImport in);
Task<Result<http::Response>> errors_csv(ImportsDeps deps, Principal who, GetImport in);
Task<Result<api::Answer<Import>>> cancel_import(ImportsDeps deps, api::Context& context, GetImport in);

#define TOWNHALL_IMPORT_COLUMNS                                                                                        \
    "i.id, i.campaign_id, i.status, i.filename, i.layout, i.failure, i.size, i.source, i.on_match, i.dry_run, i.rows," \
    " i.created, i.updated, i.unchanged, i.duplicates, i.rejected, i.warnings, i.rows_total,"                          \
    " case when i.rows_total > 0 then least(i.rows::float8 / i.rows_total, 1) when i.finished_at is not null then 1 "  \
    "end,"                                                                                                             \
    " i.rows / nullif(extract(epoch from coalesce(i.finished_at, i.updated_at) - i.started_at), 0)::float8,"           \
    " i.created_at, i.started_at, i.finished_at"

// Named campaign and policy say the same where the caller has a campaign; an admin without one sees every import.
inline constexpr db::Query<Import(db::Uuid)> kGetImport{
    "imports.get", db::Mode::read, "select " TOWNHALL_IMPORT_COLUMNS " from campaign.imports i where i.id = $1"};

[[nodiscard]] std::span<const db::Statement* const> read_queries();
[[nodiscard]] std::span<const db::Statement* const> upload_queries();
[[nodiscard]] std::span<const db::Statement* const> fault_queries();
[[nodiscard]] std::span<const db::Statement* const> purge_queries();

[[nodiscard]] inline db::Scope import_scope(const Principal& who) {
    return who.campaign ? db::Scope::of(*who.campaign) : db::Scope::owner();
}

/// A part named `file` of a multipart body, written to the store.
struct Stored {
    std::string key;
    std::optional<std::string> filename;  // the client's, for people to recognise
    std::uint64_t size = 0;
    std::string sha256 = {};  // where it was asked for
};
/// `hash_on`: the pool that makes `Stored::sha256`; null for none.
Task<Result<Stored>> store_file(storage::ObjectStore& store, http::Request& request, std::uint64_t most_bytes,
                                std::string key, observe::CpuPool* hash_on = nullptr);

}  // namespace townhall::campaign
