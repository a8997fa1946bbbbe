#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

#include "app/commands.hpp"
#include "app/database.hpp"
#include "campaign/imports/fault_csv.hpp"
#include "campaign/imports/mapping.hpp"
#include "campaign/imports/run_import.hpp"
#include "platform/api/json.hpp"
#include "platform/db/sync/connection.hpp"
#include "platform/guard/uuid.hpp"

namespace townhall::app {

namespace {

/// A line that is drawn over itself on a terminal, and not at all elsewhere.
class ProgressBar {
  public:
    void draw(const campaign::ImportProgress& progress) {
        if (!terminal_) return;
        const double share =
            progress.rows_total
                ? std::min(1.0, static_cast<double>(progress.rows) / static_cast<double>(progress.rows_total))
                : 1;
        const auto filled = static_cast<std::size_t>(share * 30);
        const std::string bar = std::string(filled, '#') + std::string(30 - filled, '.');
        fmt::print(stderr, "\r[{}] {:3.0f} %  {} rows  {:.0f} rows/s ", bar, share * 100, progress.rows,
                   rate(progress.rows));
        std::fflush(stderr);
        drawn_ = true;
    }
    ~ProgressBar() {
        if (drawn_) fmt::print(stderr, "\n");
    }
    [[nodiscard]] double rate(std::int64_t rows) const {
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin_;
        return static_cast<double>(rows) / std::max(elapsed.count(), 1e-3);
    }

  private:
    bool terminal_ = ::isatty(STDERR_FILENO) != 0;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

std::optional<std::int64_t> campaign_of(db::Connection& connection, const std::string& id_or_slug) {
    const auto found = connection.query(
        "select id from campaign.campaigns where deleted_at is null and (slug = $1 or id::text = $1)"
        " order by id::text = $1 desc limit 1",
        id_or_slug);
    if (found.rows() == 0) return std::nullopt;
    return found.integer(0, 0);
}

/// Imports of this command that were killed: their rows are in; the file can simply be sent again.
void close_abandoned(db::Connection& connection) {
    connection.exec(
        "update campaign.imports set status = 'failed', failure = 'The program was ended. Import the file again.',"
        " finished_at = now(), updated_at = now() where object_key is null and status in ('queued', 'running')"
        " and pg_try_advisory_xact_lock(hashtext('townhall import'), hashtext(id::text))");
}

std::vector<std::string> strings_from(std::string_view json_list) {
    std::vector<std::string> out;
    const auto list = api::json::parse(json_list);
    if (const auto* items = list ? list->get_if<api::json::Array>() : nullptr)
        for (const auto& item : *items)
            if (const auto* text = item.get_if<std::string>()) out.push_back(*text);
    return out;
}

/// Writes the rejected rows to a file, to be mended and imported again.
void write_rejected(db::Connection& connection, const std::string& import_id, const std::string& path) {
    std::ofstream file(path, std::ios::binary);
    std::string text;
    const auto names = connection.query(
        "select coalesce(array_to_json(columns), '[]') from campaign.imports where id = $1::uuid", import_id);
    const auto columns = strings_from(names.text(0, 0));
    campaign::add_header(text, columns);
    db::Transaction transaction(connection);
    connection.query(
        "declare rejected cursor for select line, byte_offset, column_name, code, reason, array_to_json(cells),"
        " coalesce(member, '')"
        " from campaign.import_faults where import_id = $1::uuid order by coalesce(member, ''), line, byte_offset",
        import_id);
    for (;;) {
        const auto rows = connection.exec("fetch 1000 from rejected");
        for (int i = 0; i < rows.rows(); ++i)
            campaign::add_row(text,
                              {.line = rows.integer(i, 0),
                               .byte_offset = rows.integer(i, 1),
                               .member = std::string(rows.text(i, 6)),
                               .column = std::string(rows.value(i, 2).value_or("")),
                               .code = std::string(rows.text(i, 3)),
                               .reason = std::string(rows.text(i, 4)),
                               .cells = strings_from(rows.text(i, 5))},
                              columns.size());
        file << std::exchange(text, {});
        if (rows.rows() == 0) break;
    }
    file.close();
    if (!file) throw std::runtime_error("can't write " + path);
}

}  // namespace

int import_file(const Configuration& configuration, const ImportFile& order) {
    if (order.mapping) {
        const auto mapping = campaign::read_mapping(*order.mapping);
        if (!mapping) throw std::runtime_error("--mapping: " + mapping.error().faults.front().detail);
    }
    const OpenDatabase database(configuration, true);
    database.upgrade();
    db::Connection connection(database.conninfo());
    const auto campaign_id = campaign_of(connection, order.campaign);
    if (!campaign_id) throw std::runtime_error("there is no campaign " + order.campaign);
    close_abandoned(connection);

    const std::string id = guard::new_id();
    const std::filesystem::path file(order.file);
    connection.query(
        "insert into campaign.imports (id, campaign_id, filename, size, source, on_match, dry_run, mapping)"
        " values ($1::uuid, $2, $3, $4, $5, $6, $7, $8::jsonb)",
        id, *campaign_id, file.filename().string(), static_cast<std::int64_t>(std::filesystem::file_size(file)),
        order.source.value_or(fmt::format("campaign:{}", *campaign_id)), order.skip_known ? "skip" : "update",
        order.dry_run, order.mapping);
    ProgressBar bar;
    campaign::run_import(database.conninfo(), id, file, {},
                         [&](const campaign::ImportProgress& now) { bar.draw(now); });

    const auto report = connection.query(
        "select status, rows, created, updated, unchanged, duplicates, rejected, warnings, failure"
        " from campaign.imports where id = $1::uuid",
        id);
    if (report.text(0, 0) == "failed") throw std::runtime_error(std::string(report.text(0, 8)));
    fmt::print(
        "{}: {} rows, {} created, {} updated, {} unchanged, {} duplicates, {} rejected, {} warnings; {:.0f} rows/s\n",
        report.text(0, 0), report.integer(0, 1), report.integer(0, 2), report.integer(0, 3), report.integer(0, 4),
        report.integer(0, 5), report.integer(0, 6), report.integer(0, 7), bar.rate(report.integer(0, 1)));
    if (report.integer(0, 6) > 0 && order.errors) {
        write_rejected(connection, id, *order.errors);
        fmt::print("rejected rows: {}\n", *order.errors);
    } else if (report.integer(0, 6) > 0) {
        fmt::print("rejected rows: name a file for them by --errors, or GET /api/v1/voters/imports/{}/errors.csv\n",
                   id);
    }
    return 0;
}

}  // namespace townhall::app
