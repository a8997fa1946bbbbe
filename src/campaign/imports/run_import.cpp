#include "campaign/imports/run_import.hpp"

#include <atomic>
#include <exception>
#include <ranges>
#include <thread>

#include "campaign/imports/claim_source.hpp"
#include "campaign/imports/hand_over.hpp"
#include "campaign/imports/link_writer.hpp"
#include "campaign/imports/mapping.hpp"
#include "campaign/imports/seen_voters.hpp"
#include "campaign/imports/told.hpp"
#include "campaign/imports/voter_writer.hpp"
#include "importer/error.hpp"
#include "platform/api/json.hpp"
#include "platform/db/sync/connection.hpp"
#include "platform/observe/log.hpp"

namespace townhall::campaign {

namespace {

/// A session lock that nobody else holds; freed with the connection.
bool lock_if_free(db::Connection& connection, std::string_view what, const std::string& name) {
    return connection.query("select pg_try_advisory_lock(hashtext($1), hashtext($2))::int", what, name).integer(0, 0) !=
           0;
}

/// An import as its row tells it.
struct Loaded {
    ImportOrder order;
    std::string status;
    std::string layout_source;
    Counts counts;
    importer::Position at;
    std::optional<std::string> mapping;
    bool cancel_wanted = false;
};

std::optional<Loaded> load(db::Connection& connection, const std::string& id) {
    const db::Result row = connection.query(
        "select campaign_id, source, on_match, dry_run::int, status, mapping::text, cancel_wanted::int, at_member, "
        "at_byte,"
        " at_line, rows, created, updated, unchanged, duplicates, rejected, warnings"
        " from campaign.imports where id = $1::uuid",
        id);
    if (row.rows() == 0) return std::nullopt;
    Loaded out;
    out.order = {id, row.integer(0, 0), std::string(row.text(0, 1)),
                 row.text(0, 2) == "skip" ? OnMatch::skip : OnMatch::update, row.integer(0, 3) != 0};
    out.status = row.text(0, 4);
    out.order.resumed = out.status == "running";
    if (const auto mapping = row.value(0, 5)) out.mapping = std::string(*mapping);
    out.cancel_wanted = row.integer(0, 6) != 0;
    out.at = {static_cast<std::uint32_t>(row.integer(0, 7)), static_cast<std::uint64_t>(row.integer(0, 8)),
              static_cast<std::uint64_t>(row.integer(0, 9))};
    Counts& c = out.counts;
    int column = 10;
    for (std::int64_t* count : {&c.rows, &c.created, &c.updated, &c.unchanged, &c.duplicates, &c.rejected, &c.warnings})
        *count = row.integer(0, column++);
    return out;
}

bool final(std::string_view status) { return status != "queued" && status != "running"; }

/// Reads the file into chunks. Ends early when the taker gives up.
void read_chunks(const std::filesystem::path& file, const importer::Plan& plan, const Loaded& import,
                 const SeenVoters& seen, HandOver& out) {
    const bool resumed = import.at.line > 0;
    importer::Stream stream(file, plan, resumed ? import.at : importer::Position{});
    auto chunk = std::make_unique<Chunk>();
    while (const auto item = stream.next()) {
        ++chunk->counts.rows;
        if (const auto* fault = std::get_if<const importer::Fault*>(&*item)) {
            ++chunk->counts.rejected;
            chunk->add(**fault, importer::split_row((*fault)->text, plan));
        } else {
            const importer::VoterRecord& record = *std::get<const importer::VoterRecord*>(*item);
            if (seen.superseded(record.identity_hash, stream.position().member, record.line))
                ++chunk->counts.duplicates;
            else
                chunk->add(record, import.order.source);
        }
        // Rows that leave nothing behind must not gather for ever without progress either.
        if (!chunk->full() && chunk->counts.rows < 200'000) continue;
        chunk->behind = stream.position();
        if (!out.give(std::exchange(chunk, std::make_unique<Chunk>()))) return;
    }
    chunk->behind = stream.position();
    if (chunk->counts.rows > 0 && !out.give(std::move(chunk))) return;
    out.end();
}

/// The three threads of one import and what ends them.
class Pipeline {
  public:
    Pipeline(const std::string& conninfo, const Loaded& import) : import_(import), links_(conninfo) {}

    /// Whether the whole file went through.
    bool run(const std::filesystem::path& file, const importer::Plan& plan, const SeenVoters& seen,
             db::Connection& voters, const std::stop_token& stop,
             const std::function<void(const ImportProgress&)>& progress) {
        std::thread reader([&] { guarded([&] { read_chunks(file, plan, import_, seen, read_); }); });
        std::thread linker([&] { guarded([&] { link_chunks(seen.rows(), progress); }); });
        guarded([&] { write_chunks(voters, seen.complete(), stop); });
        reader.join();
        linker.join();
        if (failure_) std::rethrow_exception(failure_);
        return whole_;
    }
    [[nodiscard]] bool canceled() const { return canceled_; }
    /// What is committed, once `run` has returned.
    [[nodiscard]] const Counts& counts() const { return counts_; }

  private:
    void write_chunks(db::Connection& connection, bool rows_are_distinct, const std::stop_token& stop) {
        VoterWriter writer(connection, import_.order, rows_are_distinct);
        while (auto chunk = read_.take()) {
            if (stop.stop_requested()) return close();
            writer.write(*chunk);
            if (!written_.give(std::move(chunk))) return;
        }
        written_.end();
    }

    void link_chunks(std::int64_t total, const std::function<void(const ImportProgress&)>& progress) {
        LinkWriter writer(links_, import_.order, import_.counts);
        bool go_on = true;
        while (auto chunk = written_.take()) {
            go_on = writer.write(*chunk);
            if (progress) progress({writer.counts().rows, total, writer.counts()});
            counts_ = writer.counts();
            if (!go_on) {
                canceled_ = true;
                return close();
            }
        }
        const std::scoped_lock lock(mutex_);
        whole_ = !closed_;
    }

    template <class Work>
    void guarded(Work work) {
        try {
            work();
        } catch (...) {
            {
                const std::scoped_lock lock(mutex_);
                if (!failure_) failure_ = std::current_exception();
            }
            close();
        }
    }

    void close() {
        {
            const std::scoped_lock lock(mutex_);
            closed_ = true;
        }
        read_.close();
        written_.close();
    }

    const Loaded& import_;
    db::Connection links_;
    HandOver read_, written_;
    std::mutex mutex_;
    std::exception_ptr failure_;
    bool closed_ = false;
    bool whole_ = false;
    Counts counts_;
    std::atomic<bool> canceled_ = false;
};

/// The file's own, as a JSON list.
std::string column_names(const importer::Plan& plan) {
    std::string out = "[";
    for (const importer::Column& column : plan.columns | std::views::drop(plan.fault_columns)) {
        if (out.size() > 1) out += ',';
        api::json::write_string(out, column.name);
    }
    return out + ']';
}

void finish(db::Connection& connection, const std::string& id, std::string_view status,
            std::optional<std::string> failure = {}) {
    connection.query(
        "update campaign.imports set status = case when $2 = 'completed' and rejected > 0 then 'completed_with_errors'"
        " else $2 end, failure = $3, finished_at = now(), updated_at = now() where id = $1::uuid",
        id, status, failure);
}

/// Tells the planner about many new rows now, and makes them readable from the indexes alone: until autovacuum came by,
/// lists of a freshly filled table would be sorted anew for every page.
void refresh_statistics(db::Connection& connection, const Counts& counts) {
    constexpr std::int64_t kMany = 5'000;
    if (counts.created + counts.updated < kMany) return;
    connection.exec("vacuum (analyze, skip_locked) campaign.campaign_voters");
    connection.exec("vacuum (analyze, skip_locked) campaign.voters");
    connection.exec("vacuum (analyze, skip_locked) campaign.names");
}

constexpr char kNotOurs[] =
    "The source belongs to another campaign, which imported with it before. Import the file under another one.";

/// Waits for the source: two imports of one source would find each other's voters half written.
bool lock_source(db::Connection& connection, const std::string& source, const std::stop_token& stop) {
    while (!lock_if_free(connection, "townhall source", source)) {
        if (stop.stop_requested()) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    return true;
}

}  // namespace

ImportEnd run_import(const std::string& conninfo, const std::string& import_id, const std::filesystem::path& file,
                     std::stop_token stop, const std::function<void(const ImportProgress&)>& progress) {
    db::Connection connection(conninfo);
    if (!lock_if_free(connection, "townhall import", import_id)) return ImportEnd::busy;
    auto import = load(connection, import_id);
    if (!import || final(import->status)) return ImportEnd::completed;
    if (import->cancel_wanted) {
        finish(connection, import_id, "canceled");
        return ImportEnd::canceled;
    }
    try {
        importer::Options options;
        if (import->mapping) options.mapping = mapping_from(*import->mapping);
        const importer::Plan plan = importer::inspect(file, options);
        if (!plan.source.empty()) import->order.source = plan.source;
        import->order.told = told_by(plan);
        if (!lock_source(connection, import->order.source, stop)) return ImportEnd::stopped;
        if (!claim_source(connection, import->order)) {
            finish(connection, import_id, "failed", kNotOurs);
            return ImportEnd::completed;
        }

        const SeenVoters seen = SeenVoters::scan(file, plan, [&] { return stop.stop_requested(); });
        if (stop.stop_requested()) return ImportEnd::stopped;
        connection.query(
            "update campaign.imports set status = 'running', source = $2, layout = $3, rows_total = $4,"
            " columns = array(select jsonb_array_elements_text($5::jsonb)), started_at = coalesce(started_at, now()), "
            "updated_at = now() where id = $1::uuid",
            import_id, import->order.source, plan.layout, seen.rows(), column_names(plan));

        Pipeline pipeline(conninfo, *import);
        const bool whole = pipeline.run(file, plan, seen, connection, stop, progress);
        if (!whole && !pipeline.canceled()) return ImportEnd::stopped;
        refresh_statistics(connection, pipeline.counts());
        finish(connection, import_id, whole ? "completed" : "canceled");
        return whole ? ImportEnd::completed : ImportEnd::canceled;
    } catch (const importer::ImportError& error) {
        finish(connection, import_id, "failed", error.what());
        return ImportEnd::completed;
    }
}

}  // namespace townhall::campaign
