#include "platform/observe/metrics.hpp"

#include <algorithm>
#include <stdexcept>

#include "platform/observe/exposition.hpp"

namespace townhall::observe {

namespace {

bool valid_name(std::string_view name, bool colon_allowed) {
    auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    if (name.empty()) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        if (letter(c) || (colon_allowed && c == ':') || (i > 0 && c >= '0' && c <= '9')) continue;
        return false;
    }
    return true;
}

/// `a="1",b="2"`, in the order of the names, so that the same labels are the same series.
std::string rendered(Labels labels) {
    std::ranges::sort(labels);
    std::string out;
    for (const auto& [name, value] : labels) {
        if (!valid_name(name, false)) throw std::logic_error("not a label name: " + name);
        append_label(out, name, value);
    }
    return out;
}

constexpr std::string_view kOverflow = "overflow=\"true\"";

}  // namespace

std::size_t shard() noexcept {
    static std::atomic<std::size_t> threads{0};
    thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed) % kShards;
    return mine;
}

std::uint64_t Counter::value() const noexcept {
    std::uint64_t sum = 0;
    for (const Cell& cell : cells_) sum += cell.value.load(std::memory_order_relaxed);
    return sum;
}

std::int64_t Gauge::value() const noexcept {
    std::int64_t sum = 0;
    for (const Cell& cell : cells_) sum += cell.value.load(std::memory_order_relaxed);
    return sum;
}

std::span<const double> Histogram::seconds() {
    static constexpr std::array<double, kSecondsBounds> kSeconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                                 0.1,    0.25,  0.5,    1.0,   2.5,  5.0,   10.0};
    return kSeconds;
}

void LocalHistogram::observe(std::chrono::nanoseconds time) noexcept {
    // One thread writes: a load and a store are cheaper than an addition that others could meet.
    const auto add = [](std::atomic<std::uint64_t>& to, std::uint64_t n) {
        to.store(to.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    };
    const double seconds = std::chrono::duration<double>(time).count();
    const auto bounds = Histogram::seconds();
    add(buckets_[static_cast<std::size_t>(std::ranges::lower_bound(bounds, seconds) - bounds.begin())], 1);
    add(nanoseconds_, static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0)));
}

void LocalHistogram::add_to(Histogram::Totals& totals) const {
    totals.buckets.resize(buckets_.size());
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        const std::uint64_t count = buckets_[i].load(std::memory_order_relaxed);
        totals.buckets[i] += count;
        totals.count += count;
    }
    totals.sum += static_cast<double>(nanoseconds_.load(std::memory_order_relaxed)) / 1e9;
}

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()), cells_(std::make_unique<std::array<Cell, kShards>>()) {
    if (bounds_.size() > kMaxBounds || !std::ranges::is_sorted(bounds_)) {
        throw std::logic_error("histogram bounds must rise, and be at most 23");
    }
}

void Histogram::observe(double value) noexcept {
    Cell& cell = (*cells_)[shard()];
    const auto bucket = static_cast<std::size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
    cell.buckets[bucket].fetch_add(1, std::memory_order_relaxed);
    cell.sum.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Totals Histogram::totals() const {
    Totals totals;
    totals.buckets.resize(bounds_.size() + 1);
    for (const Cell& cell : *cells_) {
        for (std::size_t i = 0; i < totals.buckets.size(); ++i) {
            totals.buckets[i] += cell.buckets[i].load(std::memory_order_relaxed);
        }
        totals.sum += cell.sum.load(std::memory_order_relaxed);
    }
    for (const std::uint64_t n : totals.buckets) totals.count += n;
    return totals;
}

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

Metrics::Family& Metrics::family(std::string_view name, std::string_view help, Kind kind) {
    auto found = families_.find(name);
    if (found == families_.end()) {
        if (!valid_name(name, true)) throw std::logic_error("not a metric name: " + std::string(name));
        found = families_.emplace(std::string(name), Family{kind, std::string(help), {}}).first;
    }
    if (found->second.kind != kind) throw std::logic_error("two types for metric " + std::string(name));
    return found->second;
}

template <class T, class Make>
T& Metrics::find_or_make(std::string_view name, std::string_view help, Kind kind, const Labels& labels, Make make) {
    std::string key = rendered(labels);
    const std::scoped_lock lock(mutex_);
    auto& series = family(name, help, kind).series;
    if (series.size() >= kMaxSeries && !series.contains(key)) key = kOverflow;
    auto found = series.find(key);
    if (found == series.end()) found = series.emplace(std::move(key), make()).first;
    auto* metric = std::get_if<std::unique_ptr<T>>(&found->second);
    if (metric == nullptr) throw std::logic_error("two sources for metric " + std::string(name));
    return **metric;
}

Counter& Metrics::counter(std::string_view name, std::string_view help, Labels labels) {
    return find_or_make<Counter>(name, help, Kind::counter, labels, [] { return std::make_unique<Counter>(); });
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, Labels labels) {
    return find_or_make<Gauge>(name, help, Kind::gauge, labels, [] { return std::make_unique<Gauge>(); });
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                              Labels labels) {
    return find_or_make<Histogram>(name, help, Kind::histogram, labels,
                                   [bounds] { return std::make_unique<Histogram>(bounds); });
}

Metrics::Callback Metrics::on_scrape(std::string_view name, std::string_view help, std::function<double()> read,
                                     Labels labels, Kind kind) {
    if (kind == Kind::histogram) throw std::logic_error("a histogram can't be read by a callback");
    std::string key = rendered(labels);
    const std::scoped_lock lock(mutex_);
    auto& series = family(name, help, kind).series;
    const std::uint64_t id = next_id_++;
    if (!series.try_emplace(std::move(key), Read{id, std::move(read)}).second) {
        throw std::logic_error("two sources for metric " + std::string(name));
    }
    return Callback(this, id);
}

Metrics::Callback::~Callback() {
    if (owner_ != nullptr) owner_->forget(id_);
}

void Metrics::forget(std::uint64_t id) {
    const std::scoped_lock lock(mutex_);
    for (auto& [name, family] : families_) {
        std::erase_if(family.series, [id](const auto& entry) {
            const Read* read = std::get_if<Read>(&entry.second);
            return read != nullptr && read->id == id;
        });
    }
}

std::string Metrics::render() const {
    const std::scoped_lock lock(mutex_);
    Exposition out;
    for (const auto& [name, family] : families_) {
        if (family.series.empty()) continue;
        out.family(name, family.help, family.kind);
        for (const auto& [labels, series] : family.series) {
            if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&series)) {
                out.sample_of(labels, static_cast<double>((*counter)->value()));
            } else if (const auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&series)) {
                out.sample_of(labels, static_cast<double>((*gauge)->value()));
            } else if (const auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&series)) {
                out.histogram_of(labels, (*histogram)->totals(), (*histogram)->bounds());
            } else {
                out.sample_of(labels, std::get<Read>(series).value());
            }
        }
    }
    return out.take();
}

}  // namespace townhall::observe
