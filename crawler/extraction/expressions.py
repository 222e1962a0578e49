"""Reading XPath expressions that ask for attributes and tags.

Worker side, for ``selections``. The rules are those of XPath 1.0 (§2, §3.3, §3.4 and §4.2: the
string of a node-set is that of its first node) and of EXSLT's ``test``. It is a small part of the
language: what trafilatura's expressions are made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from crawler.extraction.conditions import (
    AnyTest,
    AttributeTest,
    Condition,
    Holds,
    Part,
    Tags,
    all_of,
    any_of,
    condition,
    searching,
)

_TOKEN = re.compile(
    r"\s*(?:(?P<literal>'[^']*'|\"[^\"]*\")|(?P<word>[A-Za-z][\w:.-]*)|(?P<sign>\.?//|[][()@|=,*1]))"
)
_END = ("sign", "")


class Unreadable(ValueError):
    """An expression is none of those that are understood here."""


@dataclass(frozen=True, slots=True)
class Step:
    """Elements of some tags (empty: of any) that meet all conditions.

    ``limit``: all of them, the first of the document, or the first among each parent's children.
    ``needed``: one of these tests holds of whatever meets the conditions; none: that is not known.
    """

    tags: frozenset[str]
    conditions: tuple[Condition, ...]
    limit: Literal["none", "first", "first-child"] = "none"
    needed: tuple[AttributeTest, ...] = ()


def steps_of(path: str) -> tuple[bool, tuple[Step, ...]]:
    """Return whether an expression looks from the root of the document, and its steps.

    An element is selected by any of the steps. Raises Unreadable.
    """
    return _Reader(path).read()


class _Reader:
    """Reads an expression from left to right. Each method takes what it is named after."""

    def __init__(self, path: str) -> None:
        self._tokens = list(_tokens(path))
        self._at = 0

    def read(self) -> tuple[bool, tuple[Step, ...]]:
        """The whole: paths that are joined by "|"."""
        steps = [self._path()]
        while self._takes("|"):
            steps.append(self._path())
        if self._next() != _END or len({absolute for absolute, _ in steps}) > 1:
            raise Unreadable
        return steps[0][0], tuple(step for _, step in steps)

    def _path(self) -> tuple[bool, Step]:
        if not self._takes("("):
            return self._bare_path()
        absolute, step = self._bare_path()
        for sign in ")[1]":
            self._must(sign)
        if step.limit != "none":
            raise Unreadable
        return absolute, replace(step, limit="first")

    def _bare_path(self) -> tuple[bool, Step]:
        absolute = self._takes("//")
        if not absolute:
            self._must(".//")
        tags = frozenset[str]() if self._takes("*") else frozenset({self._word()})
        conditions: list[Condition] = []
        needed: tuple[AttributeTest, ...] = ()
        while self._takes("["):
            if self._takes("1"):  # the last of all
                self._must("]")
                return absolute, Step(tags, tuple(conditions), "first-child", needed)
            part = self._either()
            self._must("]")
            if isinstance(part, Tags) and not tags:
                tags = part.tags
            else:
                conditions.append(condition(part))
                needed = needed or (part.tests if isinstance(part, AnyTest) else ())
        return absolute, Step(tags, tuple(conditions), needed=needed)

    def _either(self) -> Part:
        parts = [self._both_of()]
        while self._takes("or"):
            parts.append(self._both_of())
        return any_of(parts)

    def _both_of(self) -> Part:
        parts = [self._single()]
        while self._takes("and"):
            parts.append(self._single())
        return all_of(parts)

    def _single(self) -> Part:
        kind, text = self._next()
        if text in ("@", "translate"):
            return self._compared()
        self._at += 1
        if text == ".//":
            tag = self._word()
            return lambda element: next(element.iterdescendants(tag), None) is not None
        if text.startswith("self::"):
            return Tags(frozenset({text.removeprefix("self::")}))
        if text == "not":
            self._must("(")
            part = condition(self._either())
            self._must(")")
            return lambda element: not part(element)
        if text in ("re:test", "contains", "starts-with"):
            return self._function(text)
        if kind == "word" and ":" not in text and self._takes("="):  # a child of that name
            value = self._literal()
            return lambda element: (
                len(element) > 0
                and any(child.xpath("string()") == value for child in element.iterchildren(text))
            )
        raise Unreadable

    def _compared(self) -> AnyTest:
        """An attribute alone, or compared with a literal."""
        names, changed = self._source()
        if len(names) > 1 or changed is not None:
            raise Unreadable
        if not self._takes("="):
            return AnyTest((AttributeTest(names, lambda _: True),))
        return AnyTest((AttributeTest(names, self._literal().__eq__),))

    def _function(self, name: str) -> AnyTest:
        self._must("(")
        names, changed = self._source()
        self._must(",")
        literal = self._literal()
        flags = self._literal() if self._takes(",") else ""
        self._must(")")
        holds = _holds(name, literal, flags)
        if holds(""):  # it would hold of elements without the attribute, too
            raise Unreadable
        test = AttributeTest(names, holds if changed is None else _after(changed, holds))
        return AnyTest((test,))

    def _source(self) -> tuple[frozenset[str], Mapping[int, int | None] | None]:
        """An attribute, or the first of several; and what is changed in it before it is tested."""
        if self._takes("translate"):
            self._must("(")
            names, _ = self._source()
            self._must(",")
            old = self._literal()
            self._must(",")
            new = self._literal()
            self._must(")")
            return names, _translation(old, new)
        self._must("@")
        names = frozenset({self._word()})
        while self._takes("|"):
            self._must("@")
            names |= {self._word()}
        return names, None

    def _next(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _takes(self, text: str) -> bool:
        kind, found = self._next()
        taken = kind != "literal" and found == text
        self._at += taken
        return taken

    def _must(self, text: str) -> None:
        if not self._takes(text):
            raise Unreadable

    def _word(self) -> str:
        return self._any("word")

    def _literal(self) -> str:
        return self._any("literal")[1:-1]

    def _any(self, kind: str) -> str:
        found, text = self._next()
        if found != kind or (kind == "word" and ":" in text):
            raise Unreadable
        self._at += 1
        return text


def _tokens(path: str) -> Iterator[tuple[str, str]]:
    """Give the kind and the text of each token. Raises Unreadable where there is none."""
    at, path = 0, path.rstrip()
    while at < len(path):
        match = _TOKEN.match(path, at)
        if match is None:
            raise Unreadable
        yield str(match.lastgroup), match[str(match.lastgroup)]
        at = match.end()


def _holds(name: str, literal: str, flags: str) -> Holds:
    """Return what a function of XPath or EXSLT says of a value."""
    if name == "re:test" and flags in ("", "i"):
        return searching(literal, re.IGNORECASE if flags else re.NOFLAG)
    if flags:
        raise Unreadable
    if name == "contains":
        return lambda value: literal in value
    return lambda value: value.startswith(literal)


def _after(changed: Mapping[int, int | None], holds: Holds) -> Holds:
    return lambda value: holds(value.translate(changed))


def _translation(old: str, new: str) -> dict[int, int | None]:
    """Return XPath's ``translate`` as a table; of a letter that is named twice the first counts."""
    table: dict[int, int | None] = {}
    for at, letter in enumerate(old):
        table.setdefault(ord(letter), ord(new[at]) if at < len(new) else None)
    return table
