#include <fmt/format.h>

#include "campaign/imports/mapping.hpp"
#include "campaign/imports/operations.hpp"
#include "importer/error.hpp"
#include "platform/guard/uuid.hpp"

namespace townhall::campaign {

namespace {

constexpr std::uint64_t kMostBytes = 64 << 20;  // the beginning of a file is enough for a look at it
constexpr std::size_t kRows = 1'000;            // read for faults and sample records

void member(std::string& out, std::string_view name, std::string_view text) {
    out += fmt::format("{}\"{}\":", out.ends_with('{') ? "" : ",", name);
    api::json::write_string(out, text);
}

/// How the file would be read, as the answer's JSON. Blocks.
std::string describe(const std::filesystem::path& file, const importer::Options& options) {
    const importer::Plan plan = importer::inspect(file, options);
    std::string out = "{";
    member(out, "packing", to_string(plan.packing));
    member(out, "encoding", to_string(plan.encoding));
    member(out, "delimiter", std::string_view(&plan.dialect.delimiter, 1));
    out += fmt::format(",\"header\":{}", plan.dialect.has_header);
    member(out, "layout", plan.layout);
    out += ",\"columns\":[";
    for (const importer::Column& column : plan.columns) {
        out += out.ends_with('[') ? "{" : ",{";
        member(out, "name", column.name);
        if (column.field.empty())
            out += ",\"field\":null";
        else
            member(out, "field", column.field);
        out += '}';
    }
    out += "],\"rows\":[";
    for (const auto& row : plan.preview_rows) {
        if (!out.ends_with('[')) out += ',';
        api::encode(out, row);
    }
    out += fmt::format("],\"can_identify\":{},\"faults\":[", plan.can_identify());
    if (plan.can_identify()) {
        importer::Stream stream(file, plan);
        for (std::size_t i = 0; i < kRows; ++i) {
            const auto item = stream.next();
            if (!item) break;
            const auto* fault = std::get_if<const importer::Fault*>(&*item);
            if (!fault) continue;
            out += out.ends_with('[') ? "{" : ",{";
            out += fmt::format("\"line\":{}", (*fault)->line);
            member(out, "column", (*fault)->column);
            member(out, "code", (*fault)->code);
            member(out, "reason", (*fault)->reason);
            out += '}';
        }
    }
    return out + "]}";
}

}  // namespace

Task<Result<http::Response>> preview(ImportsDeps deps, api::Context& context, PreviewOptions in) {
    importer::Options options;
    if (in.mapping) {
        auto mapping = read_mapping(*in.mapping);
        if (!mapping) co_return std::unexpected(mapping.error());
        options.mapping = *std::move(mapping);
    }
    const auto stored = co_await store_file(deps.store, context.request, kMostBytes, "previews/" + guard::new_id());
    if (!stored) co_return std::unexpected(stored.error());
    const auto file = deps.store.local_path(stored->key);
    http::Response response;
    response.content_type = "application/json";
    std::optional<std::string> refusal;
    try {
        response.body = co_await deps.cpu.run([&] { return describe(*file, options); });
    } catch (const importer::ImportError& error) {
        refusal = error.what();
    }
    co_await deps.store.remove(stored->key);
    if (refusal) co_return std::unexpected(api::invalid("/file", "unreadable", *refusal));
    co_return response;
}

}  // namespace townhall::campaign
