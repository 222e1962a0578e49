"""Articles that know their facts, so that one of them can be changed and all else stays.

A story is a template of ``stories/`` (natural prose, written for this) and the facts that go into
it. Which facts a script gets is drawn from its name: the same ones each time.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from crawler.demo.texts import Text, read_text

FOLDER = Path(__file__).parent / "stories"
ARTICLES = Path(__file__).parent / "articles"

PLACES = (
    "Saltmarsh", "Low Harbour", "Gull Point", "Quillan", "Tern Head", "Ardmoor", "Wexcombe",
    "Kettleness", "Old Ferry", "Pennick", "Stour Bay", "Lantic", "Dunmere", "Holm Sound",
    "Carrick Stairs", "Brackwater", "Nethergate", "Osmund's Landing", "Thirlby", "Winterquay",
)  # fmt: skip
_GIVEN = (
    "Ruth", "Daniel", "Miriam", "Tobias", "Ines", "Callum", "Freya", "Edgar", "Noor", "Pascal",
    "Greta", "Hamish", "Leonie", "Samuel", "Yusuf", "Astrid", "Benedict", "Clara", "Duncan", "Elif",
)  # fmt: skip
_FAMILY = (
    "Adeyemi", "Okonjo", "Hallworth", "Brennick", "Castellan", "Dray", "Fenwright", "Garrod",
    "Harcombe", "Iversen", "Jessop", "Kerrigan", "Lindqvist", "Marchetti", "Norwood", "Oduya",
    "Pellworth", "Quayle", "Rosenthal", "Strand", "Tremayne", "Ullman", "Varga", "Whitlock",
)  # fmt: skip
_MONTHS = ("January", "February", "March", "April", "May", "June", "October", "November")


@dataclass(frozen=True, slots=True)
class Story:
    """A template and its facts."""

    kind: str  # file in stories/
    facts: Mapping[str, str]

    def but(self, **facts: str) -> Story:
        """Return the story with some facts changed. Raises KeyError for a fact that is none."""
        unknown = facts.keys() - self.facts.keys()
        if unknown:
            raise KeyError(f"{self.kind} has no {sorted(unknown)}")
        return Story(self.kind, {**self.facts, **facts})

    @property
    def text(self) -> Text:
        """The article as it is printed."""
        head, _own, body = _template(self.kind)
        paragraphs = _filled(body, self.facts).strip().split("\n\n")
        return Text(
            name=self.kind,
            title=_filled(self.facts.get("title") or head["Title"], self.facts),
            author=self.facts["author"],
            published="2026-02-19",
            section=head["Section"],
            language="en",
            paragraphs=tuple(" ".join(part.split()) for part in paragraphs),
            body=body,
        )


def tell(kind: str, seed: str) -> Story:
    """Return a story of a kind; its facts are drawn by the seed."""
    draw = random.Random(f"{kind}/{seed}")
    people = [
        f"{g} {f}" for g, f in zip(draw.sample(_GIVEN, 3), draw.sample(_FAMILY, 3), strict=True)
    ]
    _head, own, _body = _template(kind)
    drawn = {
        "place": draw.choice(PLACES),
        "person": people[0],
        "other": people[1],
        "author": people[2],
        "count": str(draw.randint(23, 96)),
        "sum": f"${draw.randint(2, 9)}.{draw.randint(1, 9)} million",
        "percent": str(draw.randint(11, 48)),
        "date": f"{draw.randint(2, 27)} {draw.choice(_MONTHS)}",
        "title": "",  # the template's own
    }
    return Story(kind, {**drawn, **own})


def list_kinds() -> list[str]:
    """Return the names of all templates."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def in_language(language: str) -> Text:
    """Return the article that is written in a language, by its two letters."""
    return read_text(ARTICLES / f"{language}.txt")


@cache
def _template(kind: str) -> tuple[Mapping[str, str], Mapping[str, str], str]:
    """Return the head, the facts of its own, and the prose of a template."""
    head, _, body = (FOLDER / f"{kind}.txt").read_text(encoding="utf-8").partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    own = {name: value for name, value in fields.items() if name.islower()}
    return {name: value for name, value in fields.items() if name not in own}, own, body


def _filled(template: str, facts: Mapping[str, str]) -> str:
    return Template(template).substitute(facts)
