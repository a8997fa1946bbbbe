#include "importer/importer.hpp"
#include "importer/reader/reader.hpp"
#include "importer/source/source.hpp"

namespace townhall::importer {

std::vector<std::string> split_row(std::string_view text, const Plan& plan) {
    Dialect lenient = plan.dialect;
    lenient.lenient_quotes = true;
    Limits limits;
    limits.max_field = limits.max_record = text.size() + 1;
    MemorySource source(text);
    Reader reader(source, lenient, limits);
    if (reader.next() != Reader::Outcome::record) return {};
    const auto& fields = reader.record().fields;
    return {fields.begin() + static_cast<std::ptrdiff_t>(plan.fault_values(fields.size())), fields.end()};
}

}  // namespace townhall::importer
