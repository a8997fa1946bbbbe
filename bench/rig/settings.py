"""Where things are, and how long and how large a run is."""
import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
CACHE = ROOT / "build" / "bench"  # generated files, kept between runs, never committed
TOWNHALL = Path(os.environ.get("TOWNHALL_BIN") or ROOT / "build" / "release" / "townhall")
POSTGRESQL_BIN = Path("/usr/lib/postgresql/15/bin")


@dataclass(frozen=True)
class Settings:
    short: bool = False

    def rows(self, full: int) -> int:
        return full // 10 if self.short else full

    @property
    def seconds(self) -> int:
        """Length of one measured run under load."""
        return 2 if self.short else 10

    @property
    def sweep_seconds(self) -> int:
        """Length of each run that only looks for a peer's best number of clients."""
        return 1 if self.short else 5

    @property
    def rounds(self) -> int:
        return 3

    @property
    def bursts(self) -> int:
        """Rounds where a run is a burst: see `burst_seconds`."""
        return 3 if self.short else 31

    @property
    def burst_seconds(self) -> int:
        """Length of one run of two servers that are both as fast as their client: how the kernel spreads the three over
        the cores changes a run by a fifth, so that many short ones tell more than a few long ones."""
        return 1

    @property
    def idle_seconds(self) -> int:
        return 6 if self.short else 60
