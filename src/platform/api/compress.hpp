#pragma once

#include "platform/http/message.hpp"

namespace townhall::api {

/// Compresses an answer made for one client, where the client takes gzip and it is worth it: text of 1 KiB and more, or
/// streamed. Quickly rather than well, and long bodies piece by piece between the requests of others. Leaves alone what
/// is prepared, what frames or codes itself, and streams of events, which must not wait for more.
void compress(http::Response& response, const http::Request& request);

}  // namespace townhall::api
