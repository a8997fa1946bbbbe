#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "campaign/imports/chunk.hpp"

namespace townhall::campaign {

enum class ImportEnd {
    completed,  // with or without rejected rows, or refused as a whole: the import's row says which
    canceled,
    stopped,  // by the stop token: another run goes on where this one ended
    busy,     // another process runs this import
};

/// How far an import is, for a progress bar.
struct ImportProgress {
    std::int64_t rows = 0;
    std::int64_t rows_total = 0;
    Counts counts;
};

/// Runs the import that `campaign.imports` describes, from where its last committed chunk ended. Blocks; uses three
/// threads and three connections. Safe to run again after any end, a killed process included: the table then equals one
/// clean run. Throws db::SqlError and db::ConnectionLost (try again); what is wrong with the file goes into the
/// import's row.
ImportEnd run_import(const std::string& conninfo, const std::string& import_id, const std::filesystem::path& file,
                     std::stop_token stop, const std::function<void(const ImportProgress&)>& progress = {});

}  // namespace townhall::campaign
