"""Running a program as a child and counting what it took; medians, goals, and printing both.

Linux only: everything is read from /proc, because only there the peak memory of a worker can be
seen that is not a child of ours. CPU is user and system time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BASELINES = ROOT / "benchmarks" / "baselines.py"
TICKS = os.sysconf("SC_CLK_TCK")
LOOK_S = 0.05
SLICE_S = 0.6  # of a turn: short beside the minutes of the machine, long beside a page
TIMEOUT_S = 1800  # no run takes a tenth of it

MARKS = '{"own_ms": '  # how the line begins with which baselines.py tells its CPU

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spent:
    """What one run of a program took."""

    own_s: float  # CPU of the process itself
    children_s: float  # CPU of the processes that it started and waited for
    wall_s: float
    peak_mb: float  # resident memory of the process itself
    children_peak_mb: float  # of the largest process below it; 0 when there was none
    output: str

    def page_ms(self, part: str = "") -> float:
        """Return the CPU of a page in milliseconds, as a program of baselines.py told it.

        ``part`` is "own", "workers" or both; of several programs that ran at once it is the mean.
        """
        names = (f"{part}_ms",) if part else ("own_ms", "workers_ms")
        return statistics.fmean(sum(one[name] for name in names) for one in self._marks())

    def seconds(self, what: str) -> float:
        """Return how long "visits", "others" or the "longest" page of a crawl took.

        baselines.py tells what they are; by the clock, but for "others_cpu".
        """
        return self._marks()[0][f"{what}_s"]

    def _marks(self) -> list[dict[str, float]]:
        lines = self.output.splitlines()
        return [json.loads(line) for line in lines if line.startswith(MARKS)]

    @property
    def cpu_s(self) -> float:
        """CPU of the process and all below it."""
        return self.own_s + self.children_s


def run(*words: object) -> Spent:
    """Run a Python program (``-m`` or a path, and arguments) to its end; it must succeed."""
    return run_command(python(*words))


def run_command(command: Command) -> Spent:
    """Run a command to its end; it must succeed."""
    return alternate({"": [command]})[""]


def python(*words: object) -> Command:
    """Return the command that runs a Python program: ``-m`` and a module, or a path."""
    return (sys.executable, *map(str, words))


def alternate(programs: Mapping[str, Sequence[Command]]) -> dict[str, Spent]:
    """Run programs by turns, a fraction of a second each, all others stopped meanwhile.

    So each meets the same moments of a machine that others use, too: CPU a page differs by half
    between a busy minute and a quiet one, and run after run their ratio would be chance. Several
    commands of one name run at once. The wall clock of each stands while it is stopped; time-outs
    within the programs go on.
    """
    running = {name: _Group([_Child(command) for command in each])
               for name, each in programs.items()}  # fmt: skip
    groups = list(running.values())
    try:
        for group in groups:
            group.stop()
        while waiting := [group for group in groups if not group.has_ended]:
            for group in waiting:
                group.take_turn(SLICE_S if len(waiting) > 1 else LOOK_S)
    finally:
        for group in groups:
            group.end()
    return {name: group.spent() for name, group in running.items()}


class _Child:
    """One program that runs, and what is below it."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._peaks: dict[int, float] = {}
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115  it outlives this call
        self._process = subprocess.Popen(command, stdout=self._output, cwd=ROOT, env=_environment())

    @property
    def has_ended(self) -> bool:
        """Tell whether it ended; it is left as a zombie, because then its times are exact."""
        how = os.WEXITED | os.WNOWAIT | os.WNOHANG
        return os.waitid(os.P_PID, self._process.pid, how) is not None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and then to all below it."""
        for pid in (self._process.pid, *_below(self._process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def look(self) -> None:
        """Note the peaks of memory so far."""
        for pid in (self._process.pid, *_below(self._process.pid)):
            self._peaks[pid] = max(self._peaks.get(pid, 0), _peak_mb(pid))

    def spent(self, wall_s: float) -> Spent:
        """Return what it took. Ends the benchmark when it failed."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        user, system, below_user, below_system = (int(field) / TICKS for field in stat[11:15])
        if self._process.wait():
            sys.exit(f"{' '.join(self._command)} ended with {self._process.returncode}")
        self._output.seek(0)
        text = self._output.read()
        self._output.close()
        own_mb = self._peaks.pop(self._process.pid, 0.0)
        return Spent(
            user + system, below_user + below_system, wall_s, own_mb,
            max(self._peaks.values(), default=0.0), text,
        )  # fmt: skip

    def end(self) -> None:
        """End it, if it has not ended by itself."""
        if not self.has_ended:
            self.signal(signal.SIGKILL)


class _Group:
    """Programs that run at once, and take their turns together."""

    def __init__(self, children: list[_Child]) -> None:
        self._children = children
        self._wall_s = 0.0

    @property
    def has_ended(self) -> bool:
        """Tell whether all of them have."""
        return all(child.has_ended for child in self._children)

    def stop(self) -> None:
        """Stop them where they are."""
        for child in self._children:
            child.signal(signal.SIGSTOP)

    def take_turn(self, at_most_s: float) -> None:
        """Let them run for a while, and stop them again."""
        began = time.monotonic()
        for child in self._children:
            child.signal(signal.SIGCONT)
        while time.monotonic() - began < at_most_s and not self.has_ended:
            for child in self._children:
                child.look()
            time.sleep(LOOK_S)
        self._wall_s += time.monotonic() - began
        self.stop()
        if self._wall_s > TIMEOUT_S:
            self.end()

    def spent(self) -> Spent:
        """Return what all of them took."""
        each = [child.spent(self._wall_s) for child in self._children]
        own_s, children_s = sum(one.own_s for one in each), sum(one.children_s for one in each)
        peaks = max(one.peak_mb for one in each), max(one.children_peak_mb for one in each)
        return Spent(own_s, children_s, self._wall_s, *peaks, "".join(one.output for one in each))

    def end(self) -> None:
        """End what has not ended."""
        for child in self._children:
            child.end()


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


def crawl(archive: Path, *words: object) -> Spent:
    """Run the real ``sourcekeep crawl`` on loopback, without waiting between visits."""
    return run_command(crawling(archive, *words, how="limited"))


def crawling(archive: Path, *words: object, how: str = "crawl", delay: float = 0) -> Command:
    """Return the command of such a crawl, as baselines.py has it."""
    return python(
        BASELINES, how, *words, "--archive", archive, "--json",
        "--allow", "127.0.0.0/8", "--delay", delay,
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
    """Return what a program printed first, as JSON."""
    result: dict[str, Any] = json.JSONDecoder().raw_decode(spent.output.lstrip())[0]
    return result
