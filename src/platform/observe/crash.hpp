#pragma once

/// The last line of a process that dies by a fault of its own.
namespace townhall::observe {

/// From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT (std::terminate too) log one critical line, with the signal
/// and the stack, before they take their usual effect. Nothing where a sanitizer does that already. Call once, on the
/// main thread.
void install_crash_handler();

/// Gives the calling thread a stack for the handler, without which it can't tell of a stack that overflowed. The main
/// thread has one already.
void use_crash_stack();

}  // namespace townhall::observe
