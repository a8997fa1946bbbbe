#include <exception>

#include "campaign/imports/mapping.hpp"
#include "campaign/imports/operations.hpp"
#include "importer/error.hpp"
#include "platform/guard/uuid.hpp"

namespace townhall::campaign {

namespace {

constexpr std::uint64_t kMostBytes = 64 << 20;  // the beginning of a file is enough for a look at it
constexpr std::size_t kRows = 1'000;            // read for faults and sample records

std::vector<PreviewFault> first_faults(const std::filesystem::path& file, const importer::Plan& plan) {
    std::vector<PreviewFault> faults;
    if (!plan.can_identify()) return faults;
    importer::Stream stream(file, plan);
    for (std::size_t i = 0; i < kRows; ++i) {
        const auto item = stream.next();
        if (!item) break;
        if (const auto* found = std::get_if<const importer::Fault*>(&*item)) {
            const importer::Fault& fault = **found;
            faults.push_back({.line = static_cast<std::int64_t>(fault.line),
                              .member = fault.member.empty() ? std::nullopt : std::optional(fault.member),
                              .column = std::string(fault.column),
                              .code = std::string(fault.code),
                              .reason = std::string(fault.reason)});
        }
    }
    return faults;
}

/// How the file would be read. Blocks.
Preview describe(const std::filesystem::path& file, const importer::Options& options) {
    const importer::Plan plan = importer::inspect(file, options);
    Preview out{.packing = std::string(to_string(plan.packing)),
                .encoding = std::string(to_string(plan.encoding)),
                .delimiter = std::string(1, plan.dialect.delimiter),
                .header = plan.dialect.has_header,
                .layout = std::string(plan.layout),
                .columns = {},
                .rows = plan.preview_rows,
                .can_identify = plan.can_identify(),
                .faults = first_faults(file, plan)};
    for (const importer::Column& column : plan.columns)
        out.columns.push_back(
            {.name = column.name,
             .field = column.field.empty() ? std::nullopt : std::optional<std::string>(column.field)});
    return out;
}

}  // namespace

Task<Result<Preview>> preview(ImportsDeps deps, api::Context& context, PreviewOptions in) {
    importer::Options options;
    if (in.mapping) {
        auto mapping = read_mapping(*in.mapping);
        if (!mapping) co_return std::unexpected(mapping.error());
        options.mapping = *std::move(mapping);
    }
    const auto stored = co_await store_file(deps.store, context.request, kMostBytes, "previews/" + guard::new_id());
    if (!stored) co_return std::unexpected(stored.error());
    const auto file = deps.store.local_path(stored->key);
    Preview seen;
    std::optional<std::string> refusal;
    std::exception_ptr failure;  // of the pool, which may be full
    try {
        seen = co_await deps.cpu.run([&] { return describe(*file, options); });
    } catch (const importer::ImportError& error) {
        refusal = error.what();
    } catch (...) {
        failure = std::current_exception();
    }
    co_await deps.store.remove(stored->key);
    if (failure) std::rethrow_exception(failure);
    if (refusal) co_return std::unexpected(api::invalid("/file", "unreadable", *refusal));
    co_return seen;
}

}  // namespace townhall::campaign
