#include "platform/observe/exposition.hpp"

#include <array>
#include <cmath>
#include <fmt/format.h>

namespace townhall::observe {

namespace {

void append_escaped(std::string& out, std::string_view text, bool quotes) {
    for (const char c : text) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '"' && quotes) {
            out += "\\\"";
        } else {
            out += c;
        }
    }
}

void append_number(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
    } else if (std::isinf(value)) {
        out += value > 0 ? "+Inf" : "-Inf";
    } else {
        fmt::format_to(std::back_inserter(out), "{}", value);
    }
}

}  // namespace

void append_label(std::string& out, std::string_view name, std::string_view value) {
    if (!out.empty()) out += ',';
    out += name;
    out += "=\"";
    append_escaped(out, value, true);
    out += '"';
}

void Exposition::family(std::string_view name, std::string_view help, Kind kind) {
    constexpr std::array<std::string_view, 3> kTypes{"counter", "gauge", "histogram"};
    family_ = name;
    text_ += fmt::format("# HELP {} ", name);
    append_escaped(text_, help, false);
    text_ += fmt::format("\n# TYPE {} {}\n", name, kTypes[static_cast<std::size_t>(kind)]);
}

void Exposition::single(std::string_view name, std::string_view help, Kind kind, double value) {
    family(name, help, kind);
    sample(value);
}

void Exposition::sample(double value, LabelViews labels) {
    labels_.clear();
    for (const auto& [name, text] : labels) append_label(labels_, name, text);
    sample_of(labels_, value);
}

void Exposition::histogram(const Histogram::Totals& totals, std::span<const double> bounds, LabelViews labels) {
    labels_.clear();
    for (const auto& [name, text] : labels) append_label(labels_, name, text);
    histogram_of(labels_, totals, bounds);
}

void Exposition::sample_of(std::string_view written_labels, double value) { line("", written_labels, "", value); }

void Exposition::histogram_of(std::string_view written_labels, const Histogram::Totals& totals,
                              std::span<const double> bounds) {
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < totals.buckets.size(); ++i) {
        cumulative += totals.buckets[i];
        const std::string bound = i < bounds.size() ? fmt::format("le=\"{}\"", bounds[i]) : "le=\"+Inf\"";
        line("_bucket", written_labels, bound, static_cast<double>(cumulative));
    }
    line("_sum", written_labels, "", totals.sum);
    line("_count", written_labels, "", static_cast<double>(totals.count));
}

void Exposition::line(std::string_view suffix, std::string_view labels, std::string_view more_labels, double value) {
    text_ += family_;
    text_ += suffix;
    if (!labels.empty() || !more_labels.empty()) {
        text_ += '{';
        text_ += labels;
        if (!labels.empty() && !more_labels.empty()) text_ += ',';
        text_ += more_labels;
        text_ += '}';
    }
    text_ += ' ';
    append_number(text_, value);
    text_ += '\n';
}

}  // namespace townhall::observe
