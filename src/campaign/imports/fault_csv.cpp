#include "campaign/imports/fault_csv.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace townhall::campaign {

namespace {

/// A cell that no spreadsheet takes for a formula: `'` goes before what begins like one, and the importer takes it off.
void add_cell(std::string& out, std::string_view text) {
    const bool formula = !text.empty() && std::string_view("=+-@\t\r").contains(text.front());
    if (!formula && text.find_first_of("\",\r\n") == std::string_view::npos) {
        out += text;
        return;
    }
    out += '"';
    if (formula) out += '\'';
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

}  // namespace

void add_header(std::string& out, const std::vector<std::string>& columns) {
    out += "error_line,error_member,error_column,error_code,error_reason";
    for (const std::string& name : columns) {
        out += ',';
        add_cell(out, name);
    }
    out += "\r\n";
}

void add_row(std::string& out, const FaultRow& fault, std::size_t columns) {
    out += fmt::format("{},", fault.line);
    add_cell(out, fault.member.value_or(""));
    out += ',';
    add_cell(out, fault.column.value_or(""));
    out += ',';
    add_cell(out, fault.code);
    out += ',';
    add_cell(out, fault.reason);
    for (std::size_t i = 0; i < std::max(columns, fault.cells.size()); ++i) {
        out += ',';
        if (i < fault.cells.size()) add_cell(out, fault.cells[i]);
    }
    out += "\r\n";
}

}  // namespace townhall::campaign
