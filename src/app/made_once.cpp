#include "app/made_once.hpp"

namespace townhall::app {

Task<http::Response> MadeOnce::answer(const api::Context& context) {
    if (!ready_.load(std::memory_order_acquire)) {
        co_await cpu_.run([this] {
            std::call_once(once_, [this] {
                made_.emplace(make_());
                ready_.store(true, std::memory_order_release);
            });
        });
    }
    co_return made_->answer(context);
}

}  // namespace townhall::app
