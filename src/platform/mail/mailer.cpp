#include "platform/mail/mailer.hpp"

#include <utility>

namespace townhall::mail {

Task<void> Mailer::send(Message message) {
    std::vector<Message> one;
    one.push_back(std::move(message));
    const auto refusals = co_await send_all(std::move(one));
    if (refusals.front()) throw BadMessage(*refusals.front());
}

}  // namespace townhall::mail
