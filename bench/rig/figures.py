"""What was wanted and what was got. A figure is a ratio against a peer of the same run, or a bound on one's own."""
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    work: str
    against: str
    wanted: str
    got: str
    passed: bool | None  # None: told, not judged


def faster(
    work: str, against: str, ours: list[float], theirs: list[float], at_least: float | None, aim: float | None = None
) -> Figure:
    """Both in work per second, run in turn; the range is that of the rounds."""
    ratio = median(ours) / median(theirs)
    rounds = sorted(mine / peer for mine, peer in zip(ours, theirs))
    got = f"{_short(ratio)} × ({_short(rounds[0])}–{_short(rounds[-1])})"
    if at_least is None:
        return Figure(work, against, "–", got, None)
    wanted = f"≥ {at_least:g} ×" + (f" (aim {aim:g})" if aim else "")
    return Figure(work, against, wanted, got, ratio >= at_least)


def at_most(work: str, against: str, value: float, bound: float, unit: str) -> Figure:
    return Figure(work, against, f"≤ {bound:g} {unit}", f"{_short(value)} {unit}", value <= bound)


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(figures: list[Figure]) -> str:
    verdict = {True: "pass", False: "FAIL", None: "–"}
    rows = [("work", "against", "wanted", "got", "")]
    rows += [(f.work, f.against, f.wanted, f.got, verdict[f.passed]) for f in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
