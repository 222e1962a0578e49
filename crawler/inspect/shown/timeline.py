"""The history of a source as a picture: when it was cited and visited, what came, what was said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from crawler.dates import format_instant, parse_instant
from crawler.inspect.shown.families import Family, family_of, family_of_outcome

LEFT, RIGHT = 2.0, 97.0  # per cent of the width between which all lies
# What is so much longer before the first visit than the visits lasted, is put at the edge: they
# would be one dot else.
LOOK_BACK = 2.0
TICKS = 3


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit to the source, and the capture that came of it."""

    at: str  # instant
    outcome: str
    capture: int | None
    is_new: bool  # its payload had not been seen before


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict, from an instant on."""

    at: str
    state: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One sign of the picture; ``x`` and ``width`` in per cent of its width."""

    x: float
    family: Family
    title: str
    capture: int | None = None
    width: float = 0.0
    is_outside: bool = False  # it was earlier than the picture begins


@dataclass(frozen=True, slots=True)
class Timeline:
    """The picture."""

    visits: tuple[Mark, ...]
    captures: tuple[Mark, ...]  # of new payloads
    verdicts: tuple[Mark, ...]  # bands
    citations: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]  # place and date


def timeline_of(
    visits: Sequence[Visit], verdicts: Sequence[Said], cited_on: Iterable[str]
) -> Timeline | None:
    """Return the picture of a history, each list oldest first; None when nothing was visited."""
    if not visits:
        return None
    scale = _Scale.over([visit.at for visit in visits], [f"{day}T12:00:00Z" for day in cited_on])
    captures = (visit for visit in visits if visit.capture is not None and visit.is_new)
    return Timeline(
        visits=_distinct(
            Mark(scale.place(visit.at), family_of_outcome(visit.outcome),
                 f"{_minute(visit.at)}: {visit.outcome}", visit.capture)
            for visit in visits
        ),
        captures=_distinct(
            Mark(scale.place(visit.at), family_of_outcome(visit.outcome),
                 f"{_minute(visit.at)}: new capture", visit.capture)
            for visit in captures
        ),
        verdicts=tuple(_bands(verdicts, scale)),
        citations=_distinct(
            Mark(scale.place(f"{day}T12:00:00Z"), "open", f"cited {day}",
                 is_outside=scale.is_outside(f"{day}T12:00:00Z"))
            for day in sorted(set(cited_on))
        ),
        ticks=tuple(scale.ticks()),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Scale:
    begin: datetime
    end: datetime

    @classmethod
    def over(cls, visited: Sequence[str], cited: Sequence[str]) -> _Scale:
        """Return a scale over all visits, and over the citations that are not too early."""
        first, last = parse_instant(min(visited)), parse_instant(max(visited))
        span = max(last - first, timedelta(days=1))
        marks = [parse_instant(at) for at in cited]
        begin = min([at for at in marks if at >= first - span * LOOK_BACK] + [first])
        end = max([*marks, last])
        return cls(begin, end if end > begin else begin + timedelta(days=1))

    def place(self, at: str) -> float:
        share = (parse_instant(at) - self.begin) / (self.end - self.begin)
        return round(LEFT + (RIGHT - LEFT) * min(max(share, 0.0), 1.0), 2)

    def is_outside(self, at: str) -> bool:
        return parse_instant(at) < self.begin

    def ticks(self) -> Iterable[tuple[float, str]]:
        for number in range(TICKS):
            moment = self.begin + (self.end - self.begin) * number / (TICKS - 1)
            instant = format_instant(moment)
            yield self.place(instant), instant[:10]


def _bands(verdicts: Sequence[Said], scale: _Scale) -> Iterable[Mark]:
    """Yield a band for each state, up to the next one."""
    places = [scale.place(said.at) for said in verdicts]
    for said, (begin, end) in zip(verdicts, pairwise([*places, RIGHT]), strict=True):
        yield Mark(begin, family_of(said.state), f"{said.state} from {_minute(said.at)}",
                   width=round(max(end - begin, 0.4), 2))  # fmt: skip


def _distinct(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Return marks without those that would cover one of their kind."""
    found = {(round(mark.x, 1), mark.family, mark.is_outside): mark for mark in marks}
    return tuple(found.values())


def _minute(instant: str) -> str:
    return instant[:16].replace("T", " ")
