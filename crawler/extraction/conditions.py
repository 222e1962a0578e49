"""What can be asked of an element, quickly: tests of its attributes and its tag, and both together.

Worker side, for ``selections``. What was said of a value of an attribute is remembered, because
the classes of a page repeat.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from lxml import etree

REMEMBERED = 2048  # values of attributes, for each group of tests
MAX_REMEMBERED_CHARS = 100  # of such a value; hostile ones have megabytes

# Patterns of which the words can be told that they need: no escapes, brackets one level deep
_LETTERS = r"[A-Za-z0-9_ -]"
_BRACKETED = r"(?:\[[^][()\\^]+\]|\((?:\?[:!])?[^][()\\?*+{]+\))"
_BRACKETS = re.compile(_BRACKETED)
_OPTIONAL = re.compile(rf"(?:{_LETTERS}|\|)(?:[?*+]|\{{[0-9,]+\}})")
_PLAIN = re.compile(rf"\^?(?:(?:{_LETTERS}|{_BRACKETED})(?:[?*+]|\{{[0-9,]+\}})?)+")

Holds = Callable[[str], bool]  # of an attribute's value
Condition = Callable[[etree._Element], bool]


@dataclass(frozen=True, slots=True)
class AttributeTest:
    """A test of one attribute; of several names, of the one that stands first in the element."""

    names: frozenset[str]
    holds: Holds


@dataclass(frozen=True, slots=True)
class AnyTest:
    """That any of some tests of attributes holds."""

    tests: tuple[AttributeTest, ...]


@dataclass(frozen=True, slots=True)
class Tags:
    """That an element has one of these tags."""

    tags: frozenset[str]


Part = AnyTest | Tags | Condition


def any_of(parts: list[Part]) -> Part:
    """Return the parts as one that holds when any of them does."""
    tags = [part.tags for part in parts if isinstance(part, Tags)]
    if len(tags) == len(parts):
        return Tags(frozenset[str]().union(*tags))
    asked = AnyTest(tuple(t for part in parts if isinstance(part, AnyTest) for t in part.tests))
    others = [condition(part) for part in parts if not isinstance(part, AnyTest)]
    return any_condition([condition(asked), *others]) if others else asked


def all_of(parts: list[Part]) -> Part:
    """Return the parts as one that holds when all of them do."""
    if len(parts) == 1:
        return parts[0]
    return all_conditions(tuple(condition(part) for part in parts))


def all_conditions(conditions: tuple[Condition, ...]) -> Condition:
    """Return whether all of the conditions hold."""
    if len(conditions) == 1:
        return conditions[0]

    def all_hold(element: etree._Element) -> bool:
        for holds in conditions:  # noqa: SIM110  a generator would take longer than most tests
            if not holds(element):
                return False
        return True

    return all_hold


def any_condition(conditions: list[Condition]) -> Condition:
    """Return whether any of the conditions holds."""

    def any_holds(element: etree._Element) -> bool:
        for holds in conditions:  # noqa: SIM110  as above
            if holds(element):
                return True
        return False

    return any_holds


def condition(part: Part) -> Condition:
    """Return a part as what can be asked of an element."""
    if isinstance(part, AnyTest):
        return _asking(part.tests)
    if isinstance(part, Tags):
        tags = part.tags
        return lambda element: element.tag in tags
    return part


def _asking(tests: tuple[AttributeTest, ...]) -> Condition:
    """Return whether any of the tests holds, with one question for each attribute."""
    names = sorted(frozenset[str]().union(*(test.names for test in tests)))
    asked = [(name, _Verdicts([t for t in tests if name in t.names])) for name in names]

    def any_holds(element: etree._Element) -> bool:
        get = element.get
        for name, verdicts in asked:
            value = get(name)
            if value is None or not (verdict := verdicts[value]):
                continue
            if verdict is True or any(_is_first(element, name, of) for of in verdict):
                return True
        return False

    return any_holds


def _is_first(element: etree._Element, name: str, names: frozenset[str]) -> bool:
    """Return whether an attribute is the first of some in an element."""
    attributes: list[str] = element.keys()
    return next(found for found in attributes if found in names) == name


_Verdict = Literal[True] | tuple[frozenset[str], ...]


class _Verdicts(dict[str, _Verdict]):
    """What tests say of a value: whether any holds; or of which names it would have to be first.

    What was said of short values is remembered.
    """

    def __init__(self, tests: list[AttributeTest]) -> None:
        self._tests = tests

    def __missing__(self, value: str) -> _Verdict:
        holding = [test.names for test in self._tests if test.holds(value)]
        alone = any(len(names) == 1 for names in holding)
        said: _Verdict = True if alone else tuple(holding)
        if len(value) <= MAX_REMEMBERED_CHARS:
            if len(self) >= REMEMBERED:
                self.clear()
            self[value] = said
        return said


def searching(pattern: str, flags: re.RegexFlag) -> Holds:
    """Return whether a pattern is found in a value.

    Most of the library's are lists of words. Looked for one by one, as ``in`` does, they take a
    fraction of what the expression takes, which tries each of them at each letter; so it is asked
    only about values that hold a word without which it cannot match.
    """
    search = re.compile(pattern, flags).search
    branches = [(branch, _needed(branch)) for branch in _branches(pattern)]
    fold = str.lower if flags else str
    words = [fold(needed) for branch, needed in branches if branch == needed]
    hints = [fold(needed) for branch, needed in branches if branch != needed and needed]
    unknown = "|".join(branch for branch, needed in branches if not needed)
    search_unknown = re.compile(unknown, flags).search if unknown else None

    def found(value: str) -> bool:
        if flags and not value.isascii():  # other letters have cases of their own
            return search(value) is not None
        folded = fold(value)
        for word in words:
            if word in folded:
                return True
        for hint in hints:
            if hint in folded:
                return search(value) is not None
        return search_unknown is not None and search_unknown(value) is not None

    return found


def _branches(pattern: str) -> list[str]:
    """Return the alternatives of a pattern; those within brackets stay together."""
    if "\\" in pattern:  # what is escaped would have to be told from what is not
        return [pattern]
    branches, depth = [""], 0
    for sign in pattern:
        depth += (sign in "([") - (sign in ")]")
        if sign == "|" and not depth:
            branches.append("")
        else:
            branches[-1] += sign
    return branches


def _needed(branch: str) -> str:
    """Return the longest word that stands in whatever a pattern matches; "" when that is unknown.

    What stands in brackets is left aside, and a letter that is repeated or may be missing.
    """
    if not _PLAIN.fullmatch(branch):
        return ""
    bare = _BRACKETS.sub("|", branch)
    return max(_OPTIONAL.sub("|", bare).replace("^", "|").split("|"), key=len)
