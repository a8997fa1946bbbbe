#pragma once

#include <boost/asio/awaitable.hpp>

namespace townhall {

/// A lazy coroutine that runs on the io_context of whoever awaits it.
///
/// Parameters of a coroutine are values, or references to what the application owns: a reference to a temporary of the
/// caller dies at the first suspension. CPU-heavy work never runs in one (see platform/observe/cpu_pool.hpp).
template <class T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace townhall
