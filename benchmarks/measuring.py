"""Running a program as a child and counting what it took; medians, goals, and printing both.

Linux only: everything is read from /proc, because only there the peak memory of a worker can be
seen that is not a child of ours. CPU is user and system time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
LOOK_S = 0.05
TIMEOUT_S = 1800  # no run takes a tenth of it


@dataclass(frozen=True, slots=True)
class Spent:
    """What one run of a program took."""

    own_s: float  # CPU of the process itself
    children_s: float  # CPU of the processes that it started and waited for
    wall_s: float
    peak_mb: float  # resident memory of the process itself
    children_peak_mb: float  # of the largest process below it; 0 when there was none
    output: str

    @property
    def cpu_s(self) -> float:
        """CPU of the process and all below it."""
        return self.own_s + self.children_s


def run(*words: object, cwd: Path | None = None) -> Spent:
    """Run a Python program (``-m`` or a path, and arguments) to its end; it must succeed."""
    with tempfile.TemporaryFile("w+") as output:
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, *map(str, words)], stdout=output, cwd=cwd, env=_environment()
        )
        peaks: dict[int, float] = {}
        # Left as a zombie until its times are read: its memory is gone then, its times are exact.
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            if time.monotonic() - began > TIMEOUT_S:
                process.kill()
            for pid in (process.pid, *_below(process.pid)):
                peaks[pid] = max(peaks.get(pid, 0), _peak_mb(pid))
            time.sleep(LOOK_S)
        wall_s = time.monotonic() - began
        stat = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        user, system, below_user, below_system = (int(field) / TICKS for field in stat[11:15])
        if process.wait():
            sys.exit(f"{' '.join(map(str, words))} ended with {process.returncode}")
        output.seek(0)
        text = output.read()
    own_mb = peaks.pop(process.pid, 0.0)
    return Spent(
        user + system, below_user + below_system, wall_s, own_mb,
        max(peaks.values(), default=0.0), text,
    )  # fmt: skip


def _environment() -> dict[str, str]:
    """Ours without proxies and settings; compiled modules are cached, but not in the project."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy")
        and not name.startswith(("SOURCEKEEP_", "PYTHONDONTWRITE"))
    }
    cache = Path(tempfile.gettempdir()) / f"sourcekeep-benchmarks-{os.getuid()}"
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(cache)}


def _below(pid: int) -> Iterator[int]:
    """Yield the processes below one, all generations."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:  # it ended meanwhile
            continue
        for child in map(int, children):
            yield child
            yield from _below(child)


def _peak_mb(pid: int) -> float:
    """Return the peak of a process's resident memory; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(lines.get("VmHWM", "0 kB").split()[0]) / 1024


def crawl(archive: Path, *words: object, extracting: bool = True) -> Spent:
    """Run the real ``sourcekeep crawl`` on loopback, without waiting between visits."""
    program = ("-m", "crawler") if extracting else (ROOT / "benchmarks" / "baselines.py", "capture")
    return run(
        *program, "crawl", *words, "--archive", archive, "--json",
        "--allow", "127.0.0.0/8", "--delay", "0", cwd=ROOT,
    )  # fmt: skip


# Rounds

Samples = dict[str, list[Any]]


def interleave(rounds: int, variants: Mapping[str, Callable[[], Any]]) -> Samples:
    """Run every variant once a round, so that a busy moment of the machine meets all of them."""
    samples: Samples = {name: [] for name in variants}
    for number in range(1, rounds + 1):
        for name, variant in variants.items():
            say(f"round {number} of {rounds}: {name}")
            samples[name].append(variant())
    return samples


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Return the median of the ratios within each round."""
    return median([a / b for a, b in zip(above, below, strict=True)])


# Goals and printing


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure and the goal that it has to meet."""

    name: str
    measured: float
    goal: float
    unit: str = "x"
    at_least: bool = False  # the goal is a floor, not a ceiling

    @property
    def met(self) -> bool:
        """Tell whether the goal is reached."""
        return self.measured >= self.goal if self.at_least else self.measured <= self.goal

    def row(self) -> list[str]:
        """Return it as the cells of a table: name, goal, measured, met."""
        sign = "≥" if self.at_least else "≤"
        return [self.name, f"{sign} {_number(self.goal)} {self.unit}",
                f"{_number(self.measured)} {self.unit}", "yes" if self.met else "NO"]  # fmt: skip


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def print_figures(figures: Sequence[Figure]) -> None:
    """Print goal, measured and met of each figure."""
    print()
    print_table(["figure", "goal", "measured", "met"], [figure.row() for figure in figures])


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows in columns, the first to the left, the others to the right."""
    cells = [list(heads), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        first, *rest = (cell.ljust(w) if not i else cell.rjust(w)
                        for i, (cell, w) in enumerate(zip(line, widths, strict=True)))  # fmt: skip
        print("  ".join([first, *rest]).rstrip())


def _cell(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def say(text: str) -> None:
    """Tell what is going on, on stderr."""
    print(text, file=sys.stderr, flush=True)


def machine() -> str:
    """Return what a figure must be quoted with."""
    return (
        f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()},"
        f" Linux {platform.release().partition('-')[0]}, {time.strftime('%Y-%m-%d')}"
    )


def options(doc: str | None, *, pages: int | None, rounds: int) -> argparse.ArgumentParser:
    """Return the parser of the options that all benchmarks have."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared = Path(os.environ.get("SOURCEKEEP_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--shared", type=Path, default=shared, help="folder of the corpus")
    if pages is not None:
        parser.add_argument(
            "--pages", type=int, default=pages, metavar="N", help=f"pages to run on ({pages})"
        )
    parser.add_argument(
        "--rounds", type=int, default=rounds, metavar="N", help=f"interleaved rounds ({rounds})"
    )
    return parser


@contextmanager
def workplace() -> Iterator[Path]:
    """Give a folder that is gone afterwards, for lists and archives."""
    with tempfile.TemporaryDirectory(prefix="sourcekeep-benchmark-") as folder:
        yield Path(folder)


def from_json(spent: Spent) -> dict[str, Any]:
    """Return what a program printed as JSON."""
    result: dict[str, Any] = json.loads(spent.output)
    return result
