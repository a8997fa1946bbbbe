#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "platform/observe/metrics.hpp"

namespace townhall::observe {

/// Writes Prometheus text (exposition format 0.0.4): a family, then its samples, then the next.
class Exposition {
  public:
    using Kind = Metrics::Kind;
    using LabelViews = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    /// Begins a family. `help` is a sentence.
    void family(std::string_view name, std::string_view help, Kind kind);
    /// A family that is one sample, without labels.
    void single(std::string_view name, std::string_view help, Kind kind, double value);

    void sample(double value, LabelViews labels = {});
    void histogram(const Histogram::Totals& totals, std::span<const double> bounds, LabelViews labels = {});

    /// The same with labels that were written already: `a="1",b="2"`.
    void sample_of(std::string_view written_labels, double value);
    void histogram_of(std::string_view written_labels, const Histogram::Totals& totals, std::span<const double> bounds);

    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    void line(std::string_view suffix, std::string_view labels, std::string_view more_labels, double value);

    std::string text_;
    std::string family_;
    std::string labels_;  // scratch
};

/// Appends `name="value"`, after a comma where there is something already.
void append_label(std::string& out, std::string_view name, std::string_view value);

}  // namespace townhall::observe
