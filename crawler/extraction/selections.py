"""XPath expressions over attributes, evaluated in Python: what they select, in a third of the time.

Worker side. trafilatura (2.3.1) finds boilerplate, bodies and authors by some twenty expressions
such as ``.//*[self::div or self::p][@id='x' or re:test(@class, 'a|b')]``. For every element and
test lxml makes a list, a string that knows its parent and a call into Python: a third of an
extraction. Here an expression is read once (``expressions``), and a walk asks each element for its
attributes (``conditions``).

The expressions stay those of the library: nothing is copied, and one that cannot be read here is
left to lxml. tests/test_selections.py compares the two, on real pages as well. Elements are those
of an HTML parser, which knows no namespaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from lxml import etree

from crawler.extraction.conditions import (
    AnyTest,
    Condition,
    all_conditions,
    any_condition,
    condition,
)
from crawler.extraction.expressions import Step, steps_of


class Selection:
    """An expression that was read; to be called with an element as ``etree.XPath`` is."""

    def __init__(self, path: str) -> None:
        """Read an expression. Raises Unreadable."""
        self.path = path
        self._absolute, self._steps = steps_of(path)
        tags = [step.tags for step in self._steps]
        self._walked = sorted(frozenset[str]().union(*tags)) if all(tags) else ["*"]
        needed = [step.needed for step in self._steps]
        self._needed = condition(AnyTest(sum(needed, ()))) if all(needed) else None

    def __call__(self, tree: etree._Element) -> list[etree._Element]:
        """Return the elements, in the order of the document, each once."""
        if any(step.limit != "none" for step in self._steps):
            return list(_limited(self._walk(tree), self._steps))
        return list(self.each(tree))

    def first(self, tree: etree._Element) -> list[etree._Element]:
        """Return the first of the elements, alone in a list; an empty one when there is none."""
        return list(islice(self.each(tree), 1))  # every limit lets the very first through

    def holds_of(self, element: etree._Element) -> bool:
        """Return whether an element would be among them if it stood in the tree that is asked."""
        return self._condition_for(element.tag)(element)

    def __repr__(self) -> str:
        return self.path

    def _walk(self, tree: etree._Element) -> Iterator[etree._Element]:
        if self._absolute:
            return iter(tree.getroottree().getroot().iter(*self._walked))
        return iter(tree.iterdescendants(*self._walked))

    def each(self, tree: etree._Element) -> Iterator[etree._Element]:
        """Give the elements one by one, without regard to limits."""
        return self._met(self._walk(tree))

    def any_below(self, element: etree._Element) -> bool:
        """Return whether any of the elements stands in this one, wherever the expression begins."""
        return next(self._met(iter(element.iterdescendants(*self._walked))), None) is not None

    def _met(self, walk: Iterator[etree._Element]) -> Iterator[etree._Element]:
        if len(self._steps) > 1:
            return self._of_any_step(walk)
        for holds in self._steps[0].conditions:
            walk = filter(holds, walk)
        return walk

    def _of_any_step(self, walk: Iterator[etree._Element]) -> Iterator[etree._Element]:
        known: dict[str, Condition] = {}
        for element in filter(self._needed, walk) if self._needed else walk:
            tag = element.tag
            if tag not in known:
                known[tag] = self._condition_for(tag)
            if known[tag](element):
                yield element

    def _condition_for(self, tag: str) -> Condition:
        """Return what an element of this tag must meet for any of the steps to ask for it."""
        asking = [step for step in self._steps if not step.tags or tag in step.tags]
        met = [all_conditions(step.conditions) for step in asking]
        return met[0] if len(met) == 1 else any_condition(met)


def _limited(walk: Iterator[etree._Element], steps: tuple[Step, ...]) -> Iterator[etree._Element]:
    """Give the elements that any step asks for, of those that a limit lets through."""
    asked = [(step, all_conditions(step.conditions)) for step in steps]
    seen: dict[Step, set[etree._Element | None]] = {step: set() for step in steps}
    for element in walk:
        wanted = False
        for step, met in asked:
            if (not step.tags or element.tag in step.tags) and met(element):
                among = element.getparent() if step.limit == "first-child" else None
                wanted |= step.limit == "none" or among not in seen[step]
                seen[step].add(among)
        if wanted:
            yield element
