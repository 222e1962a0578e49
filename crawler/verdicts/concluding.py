"""From a history of judged visits to a verdict: a fold, one visit after the other.

The rules are those of ``hysteresis``; this module says how answers of several kinds meet.

- A good answer ends every suspicion. From ``vanished``, ``usurped`` or ``drifted`` it takes a
  second one to be ``live`` again; between the two the source is ``returning``.
- A missing answer counts for its own rule and for the slower ones. Answers of another kind between
  two that count neither count nor begin the count anew: of 404, time-out, 404 two count for
  ``gone-404``, and three for ``server-error``.
- A refusal says nothing about the page. It leaves the state as it was until three of a kind over
  three days make a state of it, and it never ends ``vanished`` or ``usurped`` (451 does).
- What is unclear (too little text, a shell of scripts) neither counts nor ends a suspicion.
- Faults of our own are not looked at. Of the failures of one host incident one counts.
- A good answer whose text is another one (J3 below 0.5) is good for being there, and counts for
  ``drifted``. Each good answer becomes the good copy to which the next is compared: so after such
  a step, an answer like the one before it is still another text than the cited one, unless
  ``similarity_to_cited`` says that it came back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter

from crawler.verdicts.hysteresis import (
    HYSTERESIS,
    MISSING,
    REFUSING,
    SIMILAR_FROM,
    Rule,
    kind_of,
)
from crawler.verdicts.state import Override, Seen, State, Verdict

_FINAL = frozenset({"vanished", "usurped"})  # of these a refusal says nothing new
_RISEN = frozenset({"vanished", "usurped", "drifted"})  # from these a good answer is a revival

_in_time = attrgetter("at", "fetch")


def conclude(
    history: Sequence[Seen],
    *,
    override: Override | None = None,
    rules: Mapping[str, Rule] = HYSTERESIS,
) -> Verdict:
    """Return the verdict on a source after all its judged visits, in whatever order they come.

    ``override`` is what a person said; it stands whatever is seen, and what the machine would say
    is a reason of the form ``otherwise-vanished``.
    """
    fold = Conclusion(rules)
    for seen in sorted(history, key=_in_time):
        fold.see(seen)
    return fold.verdict(override)


class _Tally:
    """The answers that count for one rule."""

    __slots__ = ("fetches", "first_at", "incidents", "last_at", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.fetches: list[int] = []
        self.incidents: set[int] = set()
        self.first_at: datetime | None = None
        self.last_at: datetime | None = None

    def add(self, seen: Seen) -> None:
        """Count an answer, unless it came too soon or belongs to an incident that was counted."""
        if self.last_at is None:
            self.first_at = seen.at
        elif (
            seen.at - self.last_at < self.rule.step_after(len(self.fetches))
            or seen.incident in self.incidents
        ):
            return
        self.last_at = seen.at
        self.fetches.append(seen.fetch)
        if seen.incident is not None:
            self.incidents.add(seen.incident)

    @property
    def complete(self) -> bool:
        """Whether the rule has all that it asks for."""
        rule, first, last = self.rule, self.first_at, self.last_at
        return (
            rule.concludes is not None
            and len(self.fetches) >= rule.needed
            and first is not None
            and last is not None
            and last - first >= rule.span
        )

    @property
    def share(self) -> float:
        """What share of the looks that the rule asks for is there."""
        return min(len(self.fetches) / self.rule.looks, 1.0)


class Conclusion:
    """A verdict in the making: shown the visits of a source in the order of time."""

    __slots__ = (
        "_cause", "_deciding", "_elsewhere", "_kind", "_latest", "_looks", "_missing_at",
        "_proven_at", "_rules", "_since", "_state", "_tallies",
    )  # fmt: skip

    def __init__(self, rules: Mapping[str, Rule] = HYSTERESIS) -> None:
        self._rules = rules
        self._tallies: dict[str, _Tally] = {}
        self._state: State = "unknown"
        self._since: datetime | None = None
        self._cause: tuple[str, ...] = ()  # reasons of the state
        self._deciding: tuple[int, ...] = ()
        self._latest: Seen | None = None  # of those that say something
        self._kind: str | None = None  # what the latest one is
        self._looks = 0
        self._proven_at: datetime | None = None
        self._missing_at: datetime | None = None
        self._elsewhere = False  # the text that stands now is another one than was cited

    def see(self, seen: Seen) -> None:
        """Take one more visit into account."""
        self._looks += 1
        kind = kind_of(seen)
        if kind is None:
            return
        self._latest = seen
        if kind == "good":
            self._answered(seen)
            return
        self._kind = kind
        if kind != "unclear":
            self._tallies.pop("unclear", None)
        if kind in MISSING:
            self._tallies.pop("revival", None)
        if self._count(kind, seen):
            return
        if kind in MISSING:
            self._missed(kind, seen)

    # What each sort of answer does

    def _answered(self, seen: Seen) -> None:
        """The article answered, perhaps with another text."""
        self._note_text(seen)
        kind = self._kind = "drifted" if self._elsewhere else "good"
        for name in [name for name in self._tallies if kind not in self._rules[name].counts]:
            del self._tallies[name]
        risen = self._state in _RISEN or self._state == "returning"
        if kind == "good":
            self._proven_at = seen.at
        if (kind == "drifted" or risen) and self._count(kind, seen):
            return
        if not risen:
            self._become("live", seen, (seen.outcome, *seen.reasons))
            self._deciding = (seen.fetch,)
            self._missing_at = None
        elif kind == "good":
            self._become("returning", seen, (seen.outcome, *seen.reasons))
            self._deciding = tuple(self._tallies["revival"].fetches)

    def _missed(self, kind: str, seen: Seen) -> None:
        """It was not there: a suspicion, where nothing firmer is known."""
        state = self._state
        failing = kind == "server-error"
        if state == "returning":
            self._missing_at = None  # that was an earlier gap
        if not failing and state not in _FINAL and self._missing_at is None:
            self._missing_at = seen.at
        if state == "unknown" or state in _FINAL:
            return
        if failing and (state == "suspected" or state in REFUSING):
            return
        self._become("unstable" if failing else "suspected", seen, (kind, *seen.reasons))
        self._deciding = tuple(self._suspicion.fetches)

    def _note_text(self, seen: Seen) -> None:
        if seen.similarity_to_cited is not None:
            self._elsewhere = seen.similarity_to_cited < SIMILAR_FROM
        elif seen.similarity is not None and seen.similarity < SIMILAR_FROM:
            self._elsewhere = True

    # Counting

    def _count(self, kind: str, seen: Seen) -> bool:
        """Count an answer for every rule that it counts for; tell whether one of them concluded."""
        concluded: _Tally | None = None
        for name, rule in self._rules.items():
            if kind in rule.counts:
                tally = self._tallies.get(name)
                if tally is None:
                    tally = self._tallies[name] = _Tally(rule)
                tally.add(seen)
                if concluded is None and tally.complete and self._may_become(rule):
                    concluded = tally
        if concluded is not None:
            self._conclude(concluded, seen)
        return concluded is not None

    def _may_become(self, rule: Rule) -> bool:
        """Whether a rule can change the state: of a vanished page a refusal says nothing new."""
        if rule.concludes is None or rule.concludes == self._state:
            return False
        return not (rule.name in REFUSING and rule.name != "legal" and self._state in _FINAL)

    def _conclude(self, tally: _Tally, seen: Seen) -> None:
        rule = tally.rule
        assert rule.concludes is not None
        if rule.concludes not in _FINAL:
            self._missing_at = None
        elif self._missing_at is None:
            self._missing_at = tally.first_at
        cause = seen.outcome if rule.name == "revival" else rule.name
        self._become(rule.concludes, seen, (cause, *seen.reasons))
        self._deciding = tuple(tally.fetches)
        # What spoke for another state begins anew: one answer must not turn the verdict back.
        for name in [n for n in self._tallies if self._rules[n].concludes != rule.concludes]:
            del self._tallies[name]

    def _become(self, state: State, seen: Seen, cause: tuple[str, ...]) -> None:
        if state != self._state:
            self._state, self._since = state, seen.at
        self._cause = cause

    # The verdict

    def verdict(self, override: Override | None = None) -> Verdict:
        """Return the verdict on what was shown so far."""
        weighed = self._weighed()
        found = Verdict(
            state=self._state,
            since=self._since,
            confidence=round(self._confidence(weighed), 3),
            reasons=self._reasons(weighed),
            deciding=self._deciding,
            fetches=self._looks,
            last_proven_alive_at=self._proven_at,
            first_seen_missing_at=self._missing_at,
            rule=weighed.rule.name if weighed else None,
            counted=len(weighed.fetches) if weighed else 0,
            counts_from=_counts_from(weighed),
        )
        return found if override is None else _overridden(found, override)

    def _weighed(self) -> _Tally | None:
        """The count that the latest answer belongs to, if it may still change the state."""
        tally = self._tallies.get("revival" if self._kind == "good" else self._kind or "")
        if tally is None:
            return None
        open_ended = tally.rule.concludes is None
        return tally if open_ended or self._may_become(tally.rule) else None

    def _confidence(self, weighed: _Tally | None) -> float:
        if self._state == "unknown":
            return 0.0
        if self._state in ("suspected", "unstable"):
            return self._suspicion.share
        if self._state == "returning":
            return self._tallies["revival"].share if "revival" in self._tallies else 0.0
        against = weighed.share if weighed and weighed.rule.concludes is not None else 0.0
        return (0.5 if "unconfirmed" in self._cause else 1.0) * (1 - against)

    @property
    def _suspicion(self) -> _Tally:
        """The count that is nearest to saying that the source is not there."""
        against = (t for t in self._tallies.values() if t.rule.concludes in _FINAL)
        return max(against, key=attrgetter("share"))

    def _reasons(self, weighed: _Tally | None) -> tuple[str, ...]:
        """The reasons of the state, then what the latest answer said against it."""
        if weighed is None or weighed.rule.name in self._cause or weighed.rule.name == "revival":
            return self._cause
        latest = self._latest.reasons if self._latest else ()
        return (*self._cause, f"lately-{weighed.rule.name}", *latest)


def _counts_from(tally: _Tally | None) -> datetime | None:
    if tally is None or tally.last_at is None:
        return None
    return tally.last_at + tally.rule.step_after(len(tally.fetches))


def _overridden(found: Verdict, said: Override) -> Verdict:
    """A person's word, with the machine's own view as a reason."""
    return replace(
        found,
        state=said.state,
        since=said.at,
        confidence=1.0,
        reasons=("by-hand", f"otherwise-{found.state}", *found.reasons),
        by_hand=True,
        note=said.note,
    )
