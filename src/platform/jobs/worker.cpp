#include "platform/jobs/worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include "platform/jobs/admin.hpp"
#include "platform/observe/log.hpp"

namespace townhall::jobs {

namespace asio = boost::asio;
using namespace std::chrono_literals;

Worker::Impl::Impl(db::Database& database, std::vector<asio::any_io_executor> executors, std::vector<Kind> kinds,
                   observe::Metrics& metrics, Options options)
    : database_(database),
      executors_(std::move(executors)),
      options_(std::move(options)),
      name_(fmt::format("{}-{:08x}", ::getpid(), std::random_device{}())),
      to_claim_(executors_.at(0)),
      to_keep_(executors_.at(0)),
      to_tend_(executors_.at(0)),
      to_stop_(executors_.at(0)),
      rescued_(metrics.counter("townhall_jobs_rescued_total", "Jobs taken from workers that went silent.")),
      dead_rows_(metrics.gauge("townhall_jobs_dead_rows", "Rows of the queue that are dead and not cleared away.")),
      oldest_transaction_(metrics.gauge("townhall_db_oldest_transaction_seconds",
                                        "Age of the oldest transaction, which keeps dead rows in place.")) {
    for (Kind& kind : kinds) {
        const bool handled = kind.batch_handler ? !kind.handler && kind.batch > 0 : kind.handler && kind.batch == 1;
        if (!handled || kind.concurrency == 0 || kind.max_attempts < 1 || kind.lease < 1s) {
            throw std::logic_error("a kind of job without one handler, room, attempts or lease: " + kind.name);
        }
        if (!kind_of_.emplace(kind.name, kinds_.size()).second) {
            throw std::logic_error("two handlers for jobs of kind " + kind.name);
        }
        auto ended = [&](const char* outcome) {
            return &metrics.counter("townhall_jobs_total", "Attempts at jobs, by how they ended.",
                                    {{"kind", kind.name}, {"outcome", outcome}});
        };
        auto gauge = [&](const char* name, const char* help) {
            return &metrics.gauge(name, help, {{"kind", kind.name}});
        };
        KindState state{
            .succeeded = ended("succeeded"),
            .retried = ended("retried"),
            .dead = ended("dead"),
            .released = ended("released"),
            .lost = ended("lost"),
            .running_now = gauge("townhall_jobs_running", "Jobs running in this process."),
            .ready = gauge("townhall_jobs_ready", "Jobs that wait, up to 100,000."),
            .dead_letters = gauge("townhall_jobs_dead", "Jobs that failed for good, up to 100,000."),
            .oldest_seconds = gauge("townhall_jobs_oldest_due_seconds", "How long the longest due job has waited."),
            .duration = &metrics.histogram("townhall_job_seconds", "How long attempts at jobs take.",
                                           observe::Histogram::seconds(), {{"kind", kind.name}})};
        state.kind = std::move(kind);
        kinds_.push_back(std::move(state));
    }
}

void Worker::Impl::spawn(Task<void> loop) {
    ++loops_;
    asio::co_spawn(executor(), std::move(loop), [self = shared_from_this()](std::exception_ptr failure) {
        --self->loops_;
        self->to_stop_.set();
        // Loops catch what can go wrong; anything else is a mistake that must not pass in silence.
        if (failure) std::rethrow_exception(failure);
    });
}

void Worker::Impl::start() {
    asio::post(executor(), [self = shared_from_this()] {
        if (std::exchange(self->started_, true) || self->stopping_) return;
        self->spawn(self->tend_loop());
        if (!self->options_.work) return;
        self->spawn(self->claim_loop());
        self->spawn(self->keep_loop());
    });
    if (!options_.work) return;
    database_.listen("townhall_jobs", [weak = weak_from_this(), own = name_](std::string_view sender) {
        const auto self = weak.lock();
        if (self && sender != own) self->look_everywhere();
    });
}

void Worker::Impl::look_everywhere() {
    for (KindState& kind : kinds_) kind.maybe_more = true;
    to_claim_.set();
}

void Worker::Impl::wake() {
    wakes_.fetch_add(1, std::memory_order_relaxed);
    if (woken_.load(std::memory_order_relaxed) || woken_.exchange(true)) return;
    asio::post(executor(), [self = shared_from_this()] {
        self->woken_ = false;
        if (!self->started_ || self->stopping_) return;
        self->look_everywhere();
        self->notify_again_ = true;
        if (!std::exchange(self->notifying_, true)) self->spawn(self->notify_loop());
    });
}

Task<void> Worker::Impl::stop() {
    stopping_ = true;
    release_waiting();
    for (auto& [id, held] : held_) held.stop.request_stop();
    to_claim_.set();
    to_keep_.set();
    to_tend_.set();
    while (loops_ > 0) co_await to_stop_.wait_for(1s);
}

Worker::Worker(db::Database& database, std::vector<asio::any_io_executor> executors, std::vector<Kind> kinds,
               observe::Metrics& metrics, Options options)
    : impl_(std::make_shared<Impl>(database, std::move(executors), std::move(kinds), metrics, options)) {}

Worker::~Worker() = default;

void Worker::start() { impl_->start(); }

void Worker::wake() { impl_->wake(); }

Task<void> Worker::stop() {
    const std::shared_ptr<Impl> impl = impl_;
    co_await asio::co_spawn(impl->executor(), impl->stop(), asio::use_awaitable);
}

Task<std::optional<std::int64_t>> enqueue(db::async::Transaction& transaction, NewJob job) {
    co_return co_await transaction.optional(kEnqueue, job.kind, job.payload, job.subject, job.unique_key,
                                            std::int64_t{job.delay.count()}, std::int32_t{job.priority},
                                            job.max_attempts);
}

Task<std::uint64_t> replay(db::async::Transaction& transaction, std::string subject) {
    co_return co_await transaction.execute(kReplay, subject);
}

}  // namespace townhall::jobs
