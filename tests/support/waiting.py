"""Waiting for a condition, with a deadline: no test sleeps for a fixed time."""

import threading
import time

_nobody = threading.Event()


def pause(seconds):
    """Lets the world go on for a moment between two looks at it."""
    _nobody.wait(seconds)


def wait_until(condition, timeout, what, every=0.02):
    """Returns the first truthy result of `condition()`; fails, saying `what` was awaited, after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {timeout} s for {what}; last seen: {result!r}")
        pause(every)
