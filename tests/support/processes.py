"""Looking at processes through /proc, and ending them by pid."""

import os
import signal

from support.waiting import wait_until


def alive(pid):
    """Whether the process exists and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rsplit(b")", 1)[1].split()[0] not in (b"Z", b"X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
            return comm.read().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _parents():
    parents = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as stat:
                parents[int(entry)] = int(stat.read().rsplit(b")", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return parents


def descendants(pid):
    """Every process below `pid`, children first."""
    parents, found, level = _parents(), [], [pid]
    while level:
        level = [child for child, parent in parents.items() if parent in level]
        found += level
    return found


def send(pid, what):
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        pass


def kill_all(pids):
    """SIGKILL to each, and waits until all are gone (a zombie counts as gone)."""
    for pid in pids:
        send(pid, signal.SIGKILL)
    wait_until(lambda: not any(alive(pid) for pid in pids), 10, f"the end of {pids}")


def peak_rss(pid):
    """Peak resident memory of the process so far, in bytes."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise AssertionError(f"no VmHWM for {pid}")


def reset_peak_rss(pid):
    """Starts the peak anew at the present resident size."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="utf-8") as clear:
        clear.write("5")


def fields_of_threads(pid):
    """What stat says of each thread of a process, from its state on: field 3 of proc(5) comes first."""
    stats = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat", encoding="utf-8") as stat:
            stats.append(stat.read().rsplit(")", 1)[1].split())
    return stats


def pause(pid):
    """SIGSTOP, and waits until every thread stands still: the one that takes the signal may have to wait for a core, and
    the others go on until then."""
    send(pid, signal.SIGSTOP)
    wait_until(lambda: {fields[0] for fields in fields_of_threads(pid)} == {"T"}, 10, "the process to stand still")
