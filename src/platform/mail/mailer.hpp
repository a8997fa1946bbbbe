#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "platform/task.hpp"

namespace townhall::mail {

/// A mailbox, with the name of its owner where known.
struct Address {
    std::string email;
    std::string name = {};
};

/// Reads `ann@example.org` or `Ann Lee <ann@example.org>`. Nothing when it is neither.
[[nodiscard]] std::optional<Address> address_from(std::string_view text);

struct Message {
    /// Names this message for ever: sending it again has no further effect. Letters, digits, `.`, `_`, `-`; 1–120
    /// bytes.
    std::string id;
    Address from;
    Address to;
    std::optional<Address> reply_to = {};
    std::string subject;
    std::string text;
    std::optional<std::string> html = {};
};

/// The message can't be sent as it is (a malformed address, a line break in a header): sending again won't help. The
/// text names the field, never its value.
struct BadMessage : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

/// Hands messages on. Anything thrown but `BadMessage` is worth another try.
class Mailer {
  public:
    virtual ~Mailer() = default;
    /// Many at once, in their order. Tells for each why it can't be sent as it is, in the words of a `BadMessage`, or
    /// nothing. When it throws, any of them may have been sent.
    virtual Task<std::vector<std::optional<std::string>>> send_all(std::vector<Message> messages) = 0;
    /// Throws `BadMessage`.
    Task<void> send(Message message);
};

}  // namespace townhall::mail
