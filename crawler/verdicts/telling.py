"""A verdict in words, and as the ``url-status`` of Wikipedia's citation templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

from crawler.dates import format_instant
from crawler.verdicts.hysteresis import HYSTERESIS, Rule, kind_of
from crawler.verdicts.state import STATES, Seen, State, Verdict

UrlStatus = Literal["live", "dead", "deviated", "usurped"]

_URL_STATUS: dict[State, UrlStatus] = {
    "live": "live",
    "vanished": "dead",
    "usurped": "usurped",
    "drifted": "deviated",
}


def url_status(verdict: Verdict, *, support_lost: bool = False) -> UrlStatus | None:
    """Return the ``url-status`` that Wikipedia's templates have for a state.

    ``support_lost`` tells that the cited passage no longer stands on a page that is live. None: the
    templates have no word for it, or nothing is concluded; then the citation is to be left as it
    is. ``unfit`` (malware, spam) is a person's judgement and never given here.
    """
    if verdict.state == "live" and support_lost:
        return "deviated"
    return _URL_STATUS.get(verdict.state)


def explain_verdict(verdict: Verdict, history: Sequence[Seen]) -> str:
    """Return one paragraph for a person: the state, since when, by which looks, what changes it.

    ``history`` is what the verdict was concluded from; instants are printed in UTC.
    """
    return " ".join(_sentences(verdict, history))


def _sentences(verdict: Verdict, history: Sequence[Seen]) -> Iterator[str]:
    since = f", since {_day(verdict.since)}" if verdict.since else ""
    yield f"{verdict.state.capitalize()}{since}: {STATES[verdict.state]}."
    if verdict.by_hand:
        note = f" ({verdict.note})" if verdict.note else ""
        yield f"A person said so{note}, and that stands until it is withdrawn."
        yield f"By what was seen it would be {_otherwise(verdict)}."
    yield from _evidence(verdict, history)
    yield from _dates(verdict)
    yield _outlook(verdict)


def _otherwise(verdict: Verdict) -> str:
    said = (code.removeprefix("otherwise-") for code in verdict.reasons if "otherwise-" in code)
    return next(said, "unknown")


def _evidence(verdict: Verdict, history: Sequence[Seen]) -> Iterator[str]:
    deciding = set(verdict.deciding)
    looks = [seen for seen in history if seen.fetch in deciding]
    if looks:
        rows = ", ".join(str(fetch) for fetch in verdict.deciding)
        yield (
            f"That rests on {_count(len(looks), 'look')} {_period(looks)}"
            f" ({'fetch' if len(looks) == 1 else 'fetches'} {rows}): {_showed(looks)}."
        )
    latest = max(history, key=lambda seen: (seen.at, seen.fetch), default=None)
    if latest is not None and latest.fetch not in deciding:
        counts = "" if kind_of(latest) else ", which counts for nothing"
        yield f"The latest look, {_day(latest.at)}, showed {_words(latest)}{counts}."
    if latest is None:
        yield "It has not been visited."


def _showed(looks: Iterable[Seen]) -> str:
    """What several looks showed, each once, with how often."""
    often: dict[str, int] = {}
    for seen in looks:
        words = _words(seen)
        often[words] = often.get(words, 0) + 1
    if len(often) == 1:
        return next(iter(often))
    return "; ".join(f"{words} ({count} times)" if count > 1 else words
                     for words, count in often.items())  # fmt: skip


def _words(seen: Seen) -> str:
    details = list(seen.reasons)
    alike = seen.similarity if seen.similarity_to_cited is None else seen.similarity_to_cited
    if alike is not None and alike < 1:
        details.append(f"J3 {alike:.2f}")
    return f"{seen.outcome} ({', '.join(details)})" if details else seen.outcome


def _period(looks: Sequence[Seen]) -> str:
    first, last = looks[0].at, looks[-1].at
    if first == last:
        return f"on {_day(first)}"
    return f"from {_day(first)} to {_day(last)}"


def _dates(verdict: Verdict) -> Iterator[str]:
    if verdict.last_proven_alive_at is None:
        yield "It was never seen alive by us."
    elif verdict.state != "live":
        yield f"It was last proven alive {_day(verdict.last_proven_alive_at)}."
    if verdict.first_seen_missing_at is not None:
        yield (
            f"It was first seen missing {_day(verdict.first_seen_missing_at)};"
            " when it went is not known."
        )


def _outlook(verdict: Verdict) -> str:
    """What would change the state."""
    rule = HYSTERESIS.get(verdict.rule or "")
    if rule is not None and rule.concludes is not None and verdict.counts_from is not None:
        return _confirmation(rule, verdict)
    if verdict.by_hand:
        return "What is seen goes on being counted."
    if verdict.state in ("vanished", "usurped", "drifted"):
        return "Two good answers, 24 h apart or more, would bring it back to live."
    if verdict.state == "live":
        return "Only spaced failures in a row would change that: at least two, over a day or more."
    return "One good answer would make it live."


def _confirmation(rule: Rule, verdict: Verdict) -> str:
    end = {
        "revival": "A failure would make it suspected.",
        "drifted": "The cited text again would make it live.",
    }.get(rule.name, "One good answer would make it live.")
    return (
        f"It takes {rule.looks} looks over {_gap(sum(rule.steps, timedelta(0)))} to say"
        f" {rule.concludes} (rule {rule.name}); {_have(verdict.counted)} so far, and a further one"
        f" counts from {_day(verdict.counts_from)} on. {end}"
    )


def _have(counted: int) -> str:
    return "one counts" if counted == 1 else f"{counted} count"


def _gap(span: timedelta) -> str:
    hours = round(span / timedelta(hours=1))
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} d"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _day(moment: datetime | None) -> str:
    """An instant to the minute, as a person reads it."""
    return "never" if moment is None else format_instant(moment)[:16].replace("T", " ") + " UTC"
