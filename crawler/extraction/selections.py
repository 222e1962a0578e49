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

from lxml import etree

from crawler.extraction.conditions import Condition, any_condition
from crawler.extraction.expressions import Step, steps_of


class Selection:
    """An expression that was read; to be called with an element as ``etree.XPath`` is."""

    def __init__(self, path: str) -> None:
        """Read an expression. Raises Unreadable."""
        self.path = path
        self._absolute, self._steps = steps_of(path)
        tags = [step.tags for step in self._steps]
        self._walked = sorted(frozenset[str]().union(*tags)) if all(tags) else ["*"]

    def __call__(self, tree: etree._Element) -> list[etree._Element]:
        """Return the elements, in the order of the document, each once."""
        return list(self._found(tree))

    def first(self, tree: etree._Element) -> list[etree._Element]:
        """Return the first of the elements, alone in a list; an empty one when there is none."""
        return [element for _, element in zip(range(1), self._found(tree), strict=False)]

    def __repr__(self) -> str:
        return self.path

    def _found(self, tree: etree._Element) -> Iterator[etree._Element]:
        if self._absolute:
            walk = iter(tree.getroottree().getroot().iter(*self._walked))
        else:
            walk = iter(tree.iterdescendants(*self._walked))
        if any(step.limit != "none" for step in self._steps):
            return _limited(walk, self._steps)
        if len(self._steps) > 1:
            return self._of_any_step(walk)
        return filter(self._steps[0].condition, walk) if self._steps[0].condition else walk

    def _of_any_step(self, walk: Iterator[etree._Element]) -> Iterator[etree._Element]:
        known: dict[str, Condition] = {}
        for element in walk:
            tag = element.tag
            if tag not in known:
                known[tag] = self._condition_for(tag)
            if known[tag](element):
                yield element

    def _condition_for(self, tag: str) -> Condition:
        """Return what an element of this tag must meet for any of the steps to ask for it."""
        asking = [step for step in self._steps if not step.tags or tag in step.tags]
        conditions = [step.condition for step in asking if step.condition]
        if len(conditions) < len(asking):
            return lambda _: True
        if len(conditions) == 1:
            return conditions[0]
        return any_condition(conditions)


def _limited(walk: Iterator[etree._Element], steps: tuple[Step, ...]) -> Iterator[etree._Element]:
    """Give the elements that any step asks for, of those that a limit lets through."""
    seen: dict[Step, set[etree._Element | None]] = {step: set() for step in steps}
    for element in walk:
        wanted = False
        for step in steps:
            if (not step.tags or element.tag in step.tags) and (
                step.condition is None or step.condition(element)
            ):
                among = element.getparent() if step.limit == "first-child" else None
                wanted |= step.limit == "none" or among not in seen[step]
                if step.limit != "none":
                    seen[step].add(among)
        if wanted:
            yield element
