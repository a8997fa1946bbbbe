// Shows what the importer makes of a file, for comparison with other readers:
//   importer_dump rows FILE     each row as a JSON array of its values, as the reader cuts them; faults as objects
//   importer_dump voters FILE   each voter, or fault, as a JSON object
//   importer_dump plan FILE     how the file is read
//   importer_dump time FILE     megabytes and rows a second of processor time, of each pass

#include <ctime>
#include <exception>
#include <fmt/format.h>
#include <string>
#include <string_view>

#include "importer/importer.hpp"
#include "importer/normalise/date.hpp"
#include "importer/record/json.hpp"
#include "importer/record/row_reader.hpp"

namespace {

using namespace townhall::importer;

std::string json(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string fault_line(const Fault& fault) {
    return fmt::format(R"({{"fault":{},"line":{},"offset":{},"column":{},"text":{}}})", json(fault.code), fault.line,
                       fault.byte_offset, json(fault.column), json(fault.text));
}

void show_rows(const char* path, const Plan& plan) {
    RowReader rows(path, plan, {});
    std::string out;
    for (auto outcome = rows.next(); outcome != RowReader::Outcome::end; outcome = rows.next()) {
        if (outcome == RowReader::Outcome::fault) {
            fmt::print("{}\n", fault_line(rows.fault()));
            continue;
        }
        out = "[";
        for (const auto field : rows.row().fields) {
            if (out.size() > 1) out += ',';
            append_json_string(out, field);
        }
        fmt::print("{}]\n", out);
    }
}

std::string voter_line(const VoterRecord& r) {
    std::string out = "{";
    const auto add = [&](std::string_view key, std::string_view value) {
        if (!value.empty()) out += fmt::format("{}:{},", json(key), json(value));
    };
    const auto add_date = [&](std::string_view key, const std::optional<Date>& date) {
        if (date) add(key, to_iso(*date));
    };
    add("identity", r.identity);
    add("source", r.source);
    add("external_id", r.external_id);
    add("first_name", r.first_name);
    add("middle_name", r.middle_name);
    add("last_name", r.last_name);
    add("suffix", r.suffix);
    add_date("date_of_birth", r.date_of_birth);
    if (r.birth_year) out += fmt::format(R"("birth_year":{},)", *r.birth_year);
    add("gender", r.gender);
    add("party", r.party);
    add("status", r.status);
    add_date("registered_at", r.registered_at);
    add("phone", r.phone);
    add("email", r.email);
    add("address", r.address);
    add("address2", r.address2);
    add("city", r.city);
    add("state", r.state);
    add("zip", r.zip);
    add("zip4", r.zip4);
    add("county", r.county);
    add("country", r.country);
    add("precinct", r.precinct);
    return out + fmt::format(R"("mailing":{},"districts":{},"extra":{},"warnings":{},"line":{},"offset":{}}})",
                             r.mailing_json, r.districts, r.extra, r.warnings, r.line, r.byte_offset);
}

void show_voters(const char* path, const Plan& plan) {
    Stream stream(path, plan);
    while (const auto item = stream.next()) {
        const auto* const* record = std::get_if<const VoterRecord*>(&*item);
        fmt::print("{}\n", record != nullptr ? voter_line(**record) : fault_line(*std::get<const Fault*>(*item)));
    }
}

void show_plan(const Plan& plan) {
    fmt::print("packing {}, encoding {}, delimiter {:#x}, header {}, layout {}\n", to_string(plan.packing),
               to_string(plan.encoding), static_cast<unsigned>(static_cast<unsigned char>(plan.dialect.delimiter)),
               plan.dialect.has_header, plan.layout);
    for (const Column& column : plan.columns)
        fmt::print("{} -> {}\n", column.name, column.field.empty() ? "extra" : column.field);
}

template <typename Pass>
void measure(std::string_view name, Pass&& pass) {
    const std::clock_t start = std::clock();  // of this one thread's processor: what else runs does not count
    const auto [rows, bytes] = pass();
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    fmt::print("{:<9} {:>9} rows {:>7.3f} s {:>8.1f} MB/s {:>10.0f} rows/s\n", name, rows, seconds,
               static_cast<double>(bytes) / 1e6 / seconds, static_cast<double>(rows) / seconds);
}

void show_times(const char* path, const Plan& plan) {
    measure("read", [&] {
        RowReader rows(path, plan, {});
        std::size_t count = 0;
        while (rows.next() != RowReader::Outcome::end) ++count;
        return std::pair(count, rows.bytes_read());
    });
    measure("identity", [&] {
        IdentityScan scan(path, plan);
        while (scan.next()) {
        }
        return std::pair(scan.rows(), scan.bytes_read());
    });
    measure("normalise", [&] {
        Stream stream(path, plan);
        std::size_t count = 0;
        while (stream.next()) ++count;
        return std::pair(count, stream.bytes_read());
    });
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const std::string_view what = argv[1];
    try {
        const Plan plan = inspect(argv[2]);
        if (what == "rows") show_rows(argv[2], plan);
        if (what == "voters") show_voters(argv[2], plan);
        if (what == "plan") show_plan(plan);
        if (what == "time") show_times(argv[2], plan);
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
    return 0;
}
