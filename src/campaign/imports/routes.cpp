#include "campaign/imports/operations.hpp"
#include "campaign/imports/sources.hpp"

namespace townhall::campaign {

namespace {

constexpr api::Endpoint<UploadOptions, Import> kUpload{
    .verb = api::post,
    .path = "/api/v1/voters/upload",
    .summary = "Import a file of voters: multipart/form-data with a part named file",
    .role = Role::manager,
    .success = 202,
    .other_success = 201,
    .errors = {&api::kCampaignRequired, &kSourceTaken, &api::kStorageFull},
    .idempotent_post = true,
    .raw_body = api::kFileBody};
constexpr api::Endpoint<PreviewOptions, Preview> kPreview{
    .verb = api::post,
    .path = "/api/v1/voters/upload/preview",
    .summary = "How a file would be read: dialect, columns, mapping, first rows, faults",
    .role = Role::manager,
    .raw_body = api::kFileBody};
constexpr api::Endpoint<ListImports, api::Page<Import>> kList{
    .verb = api::get, .path = "/api/v1/voters/imports", .summary = "List imports, newest first", .role = Role::manager};
constexpr api::Endpoint<GetImport, Import> kGet{.verb = api::get,
                                                .path = "/api/v1/voters/imports/{id}",
                                                .summary = "How far an import is, and what it did",
                                                .role = Role::manager,
                                                .errors = {&kNoSuchImport}};
constexpr api::Endpoint<GetImport, api::Raw> kWatch{
    .verb = api::get,
    .path = "/api/v1/voters/imports/{id}/events",
    .summary = "The import as it goes on: Server-Sent Events `progress`, and `done` at the end, each with the import",
    .role = Role::manager,
    .other_success = 204,
    .errors = {&kNoSuchImport},
    .out_type = "text/event-stream"};
constexpr api::Endpoint<GetImport, api::Raw> kErrors{.verb = api::get,
                                                     .path = "/api/v1/voters/imports/{id}/errors.csv",
                                                     .summary = "Every rejected row with its line, column and reason",
                                                     .role = Role::manager,
                                                     .errors = {&kNoSuchImport},
                                                     .out_type = "text/csv"};
constexpr api::Endpoint<GetImport, Import> kCancel{
    .verb = api::del,
    .path = "/api/v1/voters/imports/{id}",
    .summary = "Cancel an import; rows that were committed stay",
    .role = Role::manager,
    .success = 202,
    .errors = {&kNoSuchImport, &kImportEnded, &api::kPreconditionFailed}};

}  // namespace

std::vector<const db::Statement*> import_queries() {
    std::vector<const db::Statement*> out;
    for (const auto more : {read_queries(), upload_queries(), fault_queries(), purge_queries()})
        out.insert(out.end(), more.begin(), more.end());
    return out;
}

void add_import_routes(api::Router& router, const ImportsDeps& deps) {
    router.add(kUpload, deps, upload);
    router.add(kPreview, deps, preview);
    router.add(kList, deps, list_imports);
    router.add(kGet, deps, get_import);
    router.add(kWatch, deps, watch_import);
    router.add(kErrors, deps, errors_csv);
    router.add(kCancel, deps, cancel_import);
}

}  // namespace townhall::campaign
