// Any bytes through the whole importer under any options. The first bytes choose the options, the rest is the file.

#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

#include "importer/encoding/utf8.hpp"
#include "importer/importer.hpp"
#include "importer/normalise/email.hpp"
#include "importer/normalise/name.hpp"
#include "importer/normalise/phone.hpp"
#include "importer/normalise/postal.hpp"
#include "importer/reader/reader.hpp"
#include "importer/source/source.hpp"

namespace {

using namespace townhall::importer;

void require(bool condition) {
    if (!condition) std::abort();
}

Options options_from(const std::uint8_t* bits) {
    Options options;
    options.today = Date{2026, 3, 15};
    options.limits.max_field = 16U << (bits[0] & 7);
    options.limits.max_record = 64U << (bits[0] >> 3 & 7);
    options.limits.max_columns = 2 + (bits[1] & 63);
    options.limits.max_quoted_lines = 1 + (bits[1] >> 6);
    options.sample_bytes = 4096;
    options.limits.max_expanded_bytes = 1U << 20;
    options.limits.max_fault_text = 64;
    options.day_first = (bits[2] & 1) != 0;
    options.short_rows = static_cast<ShortRows>(bits[2] >> 1 & 1);
    options.region = (bits[2] & 4) != 0 ? "GB" : "US";
    if ((bits[2] & 8) != 0) options.mapping = {{"external_id", "1"}, {"last_name", "2"}};
    if ((bits[2] & 16) != 0) options.mapping.emplace_back("phone", "2");
    return options;
}

void check_record(const VoterRecord& record, std::string_view file, bool plain) {
    require(!record.identity.empty());
    for (const auto text :
         {record.identity, record.first_name, record.last_name, record.first_folded, record.last_folded, record.address,
          record.city, record.email, record.extra, record.districts, record.mailing_json}) {
        require(valid_utf8(text));
        for (const char c : text) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
    }
    require(fold_name(record.first_folded) == record.first_folded);
    require(clean_text(record.last_name) == record.last_name);
    if (!record.email.empty()) require(parse_email(record.email) == record.email);
    if (!record.phone.empty()) require(parse_phone(record.phone)->text() == record.phone);
    if (plain) require(file.substr(record.byte_offset, record.text.size()) == record.text);
}

/// Cuts the bytes with a dialect of its own choice, in small pieces and whole: the rows must be the same.
void compare_pieces(std::string_view file, const std::uint8_t* bits, const Limits& limits) {
    Dialect dialect;
    dialect.delimiter = ",\t|;"[bits[3] & 3];
    dialect.quote = (bits[3] & 4) != 0 ? '\0' : '"';
    dialect.escape = (bits[3] & 8) != 0 ? '\\' : '"';
    dialect.line_end = (bits[3] & 16) != 0 ? '\r' : '\n';
    dialect.skip_blanks = (bits[3] & 32) != 0;
    dialect.lenient_quotes = (bits[3] & 64) != 0;
    MemorySource whole(file);
    MemorySource pieces(file, 1 + (bits[2] >> 5));
    Reader a(whole, dialect, limits);
    Reader b(pieces, dialect, limits);
    std::uint64_t last = 0;
    while (true) {
        const auto outcome = a.next();
        require(b.next() == outcome);
        require(a.byte_offset() == b.byte_offset() && a.line() == b.line());
        if (outcome == Reader::Outcome::end) break;
        require(a.byte_offset() > last);
        last = a.byte_offset();
        if (outcome != Reader::Outcome::record) continue;
        require(a.record().text == b.record().text && a.record().fields.size() == b.record().fields.size());
        for (std::size_t i = 0; i < a.record().fields.size(); ++i)
            require(a.record().fields[i] == b.record().fields[i]);
    }
    require(last <= file.size());
}

void import_file(const std::string& path, std::string_view file, const Options& options) {
    const Plan plan = inspect(path, options);
    require(plan.columns.size() == plan.targets.size());
    Stream stream(path, plan);
    IdentityScan scan(path, plan);
    const bool plain =
        plan.packing == Packing::plain && plan.encoding != Encoding::utf16le && plan.encoding != Encoding::utf16be;
    Position middle;
    std::size_t rows = 0;
    while (const auto item = stream.next()) {
        if (const auto* const* record = std::get_if<const VoterRecord*>(&*item)) {
            check_record(**record, file, plain);
            const auto row = scan.next();
            require(row && row->identity_hash == (*record)->identity_hash && row->line == (*record)->line);
        } else {
            const Fault& fault = *std::get<const Fault*>(*item);
            require(valid_utf8(fault.text) && fault.text.size() <= options.limits.max_fault_text);
        }
        if (++rows == 3) middle = stream.position();
    }
    require(!scan.next());
    if (rows < 3) return;
    Stream rest(path, plan, middle);
    std::size_t after = 3;
    while (rest.next()) ++after;
    require(after == rows);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 5) return 0;
    const Options options = options_from(data);
    const std::string_view file(reinterpret_cast<const char*>(data) + 4, size - 4);
    compare_pieces(file, data, options.limits);
    static_cast<void>(parse_postal_code(file.substr(0, 32)));
    static_cast<void>(parse_phone(file.substr(0, 32), "DE"));
    static const int memory = ::memfd_create("importer", MFD_CLOEXEC);
    static const std::string path = "/proc/self/fd/" + std::to_string(memory);
    require(::ftruncate(memory, 0) == 0 &&
            ::pwrite(memory, file.data(), file.size(), 0) == static_cast<ssize_t>(file.size()));
    try {
        import_file(path, file, options);
    } catch (const ImportError&) {
        return 0;
    }
    return 0;
}
