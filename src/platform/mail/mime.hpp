#pragma once

#include <string>

#include "platform/mail/mailer.hpp"
#include "platform/observe/clock.hpp"

namespace townhall::mail {

/// The message as RFC 5322 text with CRLF line ends: UTF-8 bodies in quoted-printable (RFC 2045), non-ASCII header text
/// as encoded words (RFC 2047), text and HTML as multipart/alternative. The same message and date give the same bytes.
/// Throws `BadMessage`.
[[nodiscard]] std::string to_eml(const Message& message, observe::Time date);

}  // namespace townhall::mail
