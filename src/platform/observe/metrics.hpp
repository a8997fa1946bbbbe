#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// Counters, gauges and histograms, rendered as Prometheus text (exposition format 0.0.4).
///
/// Look a metric up once, when a room is built, and keep the reference: updating it is then one relaxed atomic addition
/// on a cache line of the thread's own. Registration and rendering take a lock.
namespace townhall::observe {

/// Label names and values. Values must come from a small closed set (route templates, statuses), never from a client.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// Number of cells that threads spread over; threads beyond it share.
inline constexpr std::size_t kShards = 8;

/// The calling thread's cell.
[[nodiscard]] std::size_t shard() noexcept;

/// Only ever rises.
class Counter {
  public:
    void add(std::uint64_t n = 1) noexcept { cells_[shard()].value.fetch_add(n, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t value() const noexcept;

  private:
    struct alignas(64) Cell {
        std::atomic<std::uint64_t> value{0};
    };
    std::array<Cell, kShards> cells_;
};

/// Goes up and down. Use either `add` (from any thread) or `set` on one gauge, not both.
class Gauge {
  public:
    void add(std::int64_t n) noexcept { cells_[shard()].value.fetch_add(n, std::memory_order_relaxed); }
    void set(std::int64_t n) noexcept { cells_[0].value.store(n, std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t value() const noexcept;

  private:
    struct alignas(64) Cell {
        std::atomic<std::int64_t> value{0};
    };
    std::array<Cell, kShards> cells_;
};

/// Counts observations in buckets with the given upper bounds (rising; +Inf is implied).
class Histogram {
  public:
    static constexpr std::size_t kMaxBounds = 23;

    /// Bounds in seconds for request and query times, 0.5 ms to 10 s.
    static constexpr std::size_t kSecondsBounds = 14;
    static std::span<const double> seconds();

    explicit Histogram(std::span<const double> bounds);

    void observe(double value) noexcept;

    struct Totals {
        std::vector<std::uint64_t> buckets;  // not cumulative; one more than the bounds
        std::uint64_t count = 0;
        double sum = 0;
    };
    [[nodiscard]] Totals totals() const;
    [[nodiscard]] const std::vector<double>& bounds() const { return bounds_; }

  private:
    struct alignas(64) Cell {
        std::array<std::atomic<std::uint64_t>, kMaxBounds + 1> buckets{};
        std::atomic<double> sum{0};
    };
    std::vector<double> bounds_;
    std::unique_ptr<std::array<Cell, kShards>> cells_;
};

/// A histogram of times, with the bounds of Histogram::seconds, that one thread writes and any reads: for what is
/// counted so often, or in so many series, that each thread keeps its own.
class LocalHistogram {
  public:
    void observe(std::chrono::nanoseconds time) noexcept;
    void add_to(Histogram::Totals& totals) const;

  private:
    std::array<std::atomic<std::uint64_t>, Histogram::kSecondsBounds + 1> buckets_{};
    std::atomic<std::uint64_t> nanoseconds_{0};
};

/// Owns every metric of the process. References it returns live as long as it does.
///
/// The same name and labels give the same metric again. A name used with two types or a malformed name throws
/// `std::logic_error`. A family holds at most `kMaxSeries` label sets: later ones share one series labelled
/// `overflow="true"`, so that a mistake can't eat the memory.
class Metrics {
  public:
    static constexpr std::size_t kMaxSeries = 2'000;

    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
    Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
    Histogram& histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                         Labels labels = {});

    /// A gauge (or, with `total`, a counter) whose value is read while rendering, on the scraping thread. The callback
    /// must be thread-safe, quick, and valid until `Metrics` is destroyed or the returned token is.
    class Callback {
      public:
        Callback() = default;
        Callback(Callback&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), id_(other.id_) {}
        Callback& operator=(Callback&& other) noexcept {
            std::swap(owner_, other.owner_);
            std::swap(id_, other.id_);
            return *this;
        }
        ~Callback();

      private:
        friend class Metrics;
        Callback(Metrics* owner, std::uint64_t id) : owner_(owner), id_(id) {}
        Metrics* owner_ = nullptr;
        std::uint64_t id_ = 0;
    };
    enum class Kind : std::uint8_t { counter, gauge, histogram };
    [[nodiscard]] Callback on_scrape(std::string_view name, std::string_view help, std::function<double()> read,
                                     Labels labels = {}, Kind kind = Kind::gauge);

    /// Every metric as Prometheus text, families in the order of their names.
    [[nodiscard]] std::string render() const;

  private:
    struct Read {
        std::uint64_t id;
        std::function<double()> value;
    };
    using Series = std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>, Read>;
    struct Family {
        Kind kind;
        std::string help;
        std::map<std::string, Series> series;  // by rendered labels
    };

    template <class T, class Make>
    T& find_or_make(std::string_view name, std::string_view help, Kind kind, const Labels& labels, Make make);
    Family& family(std::string_view name, std::string_view help, Kind kind);
    void forget(std::uint64_t id);

    mutable std::mutex mutex_;
    std::map<std::string, Family, std::less<>> families_;
    std::uint64_t next_id_ = 1;
};

}  // namespace townhall::observe
