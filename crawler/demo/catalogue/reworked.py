"""Scripts of the other classes of change: re-worded, cut, extended, re-ordered, replaced."""

from __future__ import annotations

from dataclasses import replace

from crawler.comparison.change import ChangeClass
from crawler.demo.behaviours import Behaviour, redirect
from crawler.demo.catalogue.making import Case, cited, path_of, story_of, turning
from crawler.demo.catalogue.press import Printed, Sheet, front, not_found, shows
from crawler.demo.catalogue.script import ALIVE, GOOD, Golden, Script, States
from crawler.demo.catalogue.steps import Step, over
from crawler.demo.catalogue.stories import list_kinds, tell
from crawler.demo.texts import Text

_DRIFTED: States = {Step.FIRST: "live", Step.DAY: "drifted"}


def _reworked(
    name: str, change: ChangeClass | None, known: str, before: Printed, after: Printed
) -> Script:
    changes = {Step.TURN: change} if change else {}
    golden = turning("live", changes=changes)
    return Case(name, change or "same", known, before).turned(shows(name, after), golden)


def _with(text: Text, *paragraphs: str) -> Text:
    return replace(text, paragraphs=tuple(paragraphs))


_ADDED = (
    "In the afternoon the wind went round and it began to rain. People stood under the roof of "
    "the market and went on talking, because it was dry there and because they had waited so "
    "long for something to talk about.",
    "What comes next will depend on the weather and on the patience of those who have to live "
    "with it. Most of them said that they had plenty of the one and were tired of the other.",
)


def _reworded(story_kind: str, name: str) -> tuple[Text, Text]:
    """Return an article and the same in other words; no fact of it is touched."""
    before = story_of(name, story_kind).text
    return before, before.rewrite(_WORDINGS[story_kind], before.published)


_WORDINGS = {
    "school": {
        "Because its building is no longer safe, the school": (
            "As the house that it stood in is no longer safe, the school"
        ),
        "while the ship is lying at the quay": "as long as the ship is made fast at the quay",
        "Cracks had appeared in the walls of the schoolhouse in autumn, after the well beside it "
        "was deepened.": (
            "When the well next to the schoolhouse had been dug deeper in autumn, its walls "
            "cracked."
        ),
        "about how the children had taken to it": "when asked how the children were getting on",
        "The ferry had been laid up after a larger one took over its route.": (
            "Since a larger ship does its work, the ferry had been out of use."
        ),
        "The company lends it free of charge until the summer but wants it back for the regatta.": (
            "Its owners lend it for free until the summer and have asked to be given it back "
            "for the regatta."
        ),
        "A bell is now rung ten minutes before the ship casts off.": (
            "Nowadays there is a bell ten minutes before the lines are let go."
        ),
    },
    "reef": {
        "Marine biologists have found": "Marine biologists have come upon",
        "in a trench that was thought to be bare mud": (
            "in a trench in which bare mud was all that people expected"
        ),
        "follows the edge of the trench for about as long as the main street of the town": (
            "runs along the rim of the trench, as far as the main street goes through the town"
        ),
        "and a kind of sponge that nobody on board could name": (
            "and also a sponge of a kind that nobody in the crew could name"
        ),
        "by a camera that was let down from a survey vessel": "with a camera on a long cable",
        "They show white and orange branches, between which fish hide that are known from deeper "
        "waters only": (
            "There are branches in white and in orange, and between them fish which otherwise live "
            "farther down"
        ),
        "It lives on what drifts past.": "What drifts past is its food.",
        "He was taken along on the second cruise and was given the first print of the picture.": (
            "On the second cruise he was on board, and the first print of the picture is his."
        ),
    },
}  # fmt: skip


def _classes() -> list[Script]:
    extended = story_of("extended", "festival").text
    longer = story_of("extended-much", "museum").text
    cut = story_of("cut", "storm").text
    stump = story_of("cut-to-a-stump", "trial").text
    moved = story_of("reordered", "regatta").text
    typo = story_of("typo", "railway").text
    word = story_of("a-word", "election").text
    return [
        _reworked(
            "extended", "extended", "a paragraph is added that tells no fact", extended,
            _with(extended, *extended.paragraphs, _ADDED[0]),
        ),
        _reworked(
            "extended-much", "extended", "two paragraphs are added that tell no fact", longer,
            _with(longer, *longer.paragraphs[:2], _ADDED[0], *longer.paragraphs[2:], _ADDED[1]),
        ),
        _reworked(
            "cut", "cut", "two of five paragraphs are gone", cut, _with(cut, *cut.paragraphs[:3])
        ),
        _reworked(
            "cut-to-a-stump", "cut", "the second half is gone", stump,
            _with(stump, *stump.paragraphs[:2]),
        ),
        _reworked(
            "reordered", "minor", "the same paragraphs in another order", moved,
            _with(moved, *(moved.paragraphs[n] for n in (0, 3, 1, 4, 2))),
        ),
        _reworked("reworded-school", "substantial", "half of it in other words",
                  *_reworded("school", "reworded-school")),
        _reworked("reworded-reef", "substantial", "half of it in other words",
                  *_reworded("reef", "reworded-reef")),
        _reworked(
            "typo", "minor", "one letter is mended", typo.rewrite(
                {"eleven years after it was given up": "eleven years after it was givn up"},
                typo.published), typo,
        ),
        _reworked(
            "a-word", "minor", "one word for another", word,
            word.rewrite({"the orchard": "the garden"}, word.published),
        ),
    ]  # fmt: skip


def _links() -> list[Script]:
    text = story_of("links-elsewhere", "dues").text
    before = Sheet(text, links=(("tide tables", "https://tides.example/tables"),
                                ("repairs", "/news/2025/11/08/the-gale")))  # fmt: skip
    after = Sheet(text, links=(("tide tables", "https://casino.example/spin"),
                               ("repairs", "/news/2025/11/08/the-gale")))  # fmt: skip
    gone = story_of("links-gone", "school").text
    linked = Sheet(gone, links=(("regatta", "/sport/regatta"), ("survey", "/survey.pdf")))
    return [
        _reworked("links-elsewhere", "links", "a link leads elsewhere, no word differs",
                  before, after),
        _reworked(
            "links-gone", "links", "two links are gone, no word differs", linked, Sheet(gone)
        ),
    ]  # fmt: skip


def _replaced() -> list[Script]:
    """Another article at the same address: on the same topic, and on another one."""
    on_topic = story_of("another-on-topic", "dues")
    other = story_of("another-on-topic", "dredging").but(place=on_topic.facts["place"])
    off_topic = story_of("another-off-topic", "school")
    stranger = story_of("another-off-topic", "trial")
    drifting = turning("live", _DRIFTED, {Step.TURN: "drifted"})
    return [
        Case(name, "drifted", known, before, path=f"/latest/{number}").turned(
            shows(name, after), drifting
        )
        for number, (name, known, before, after) in enumerate(
            (
                ("another-on-topic", "another article on the same topic", on_topic, other),
                ("another-off-topic", "another article on another topic", off_topic, stranger),
            )
        )
    ]  # fmt: skip


def _leaked() -> list[Script]:
    """Read-more lines get into the text of all articles of a host, on the same day."""
    name = "read-more-leaks"
    stories = [tell(kind, name).text for kind in list_kinds()[:5]]
    golden = Golden(GOOD, {Step.TURN: "boilerplate"}, ALIVE)
    lines = (
        "<p>Read more: Gull Point counts its seals again</p>"
        "<p>Read more: Quillan votes on the mole</p>"
        "<p>Subscribe to the Morning Letter</p>"
    )
    routes: dict[str, Behaviour] = {"/": front(name)}
    entries = []
    for text in stories:
        path = path_of(text, f"{name}-{text.name}")
        routes[path] = over(shows(name, text), {Step.TURN: shows(name, Sheet(text, inside=lines))})
        entries.append(cited(text, path, golden))
    return [
        _house_lines(),
        Script(name, "boilerplate", "lines of interface get into all five articles", routes,
               tuple(entries), not_found(name))
    ]  # fmt: skip


def _house_lines() -> Script:
    """Lines that stand under four articles of a host from the first day get under a fifth."""
    name = "house-lines"
    stories = [tell(kind, name).text for kind in list_kinds()[5:10]]
    lines = (
        "<p>The Courier is printed in Brackwater on paper from Holm Sound, on six days a week.</p>"
        "<p>Its editors, Ines Garrod and Hamish Quayle, answer 40 letters each morning.</p>"
    )
    quiet = Golden(GOOD, {}, ALIVE)
    spreading = Golden(GOOD, {Step.TURN: "boilerplate"}, ALIVE)
    routes: dict[str, Behaviour] = {"/": front(name)}
    entries = []
    for number, text in enumerate(stories):
        path = path_of(text, f"{name}-{text.name}")
        later = shows(name, Sheet(text, inside=lines))
        routes[path] = over(shows(name, text), {Step.TURN: later}) if number == 0 else later
        entries.append(cited(text, path, quiet if number else spreading))
    return Script(name, "boilerplate", "lines that stand under all other articles of the host",
                  routes, tuple(entries), not_found(name))  # fmt: skip


def _there_and_back() -> list[Script]:
    again = Golden(GOOD, {Step.TURN: "material", Step.WEEK: "material"}, ALIVE)
    first, swapped, along = "corrected-twice", "changed-and-back", "corrected-and-moved"
    trial, election = story_of(first, "trial"), story_of(swapped, "election")
    factory, new = story_of(along, "factory"), "/archive/4711"
    moving = Golden({**GOOD, Step.TURN: "moved", Step.HOUR: "live"}, {Step.TURN: "material"}, ALIVE)
    target = shows(along, factory.but(percent="77"))
    return [
        Case(first, "transitions", "two numbers change, one after the other", trial).staged({
            Step.TURN: shows(first, trial.but(count="12")),
            Step.WEEK: shows(first, trial.but(count="12", sum="$3.75 million")),
        }, again),
        Case(swapped, "transitions", "a number changes and changes back", election).staged({
            Step.TURN: shows(swapped, election.but(count="3")),
            Step.WEEK: shows(swapped, election),
        }, again),
        Case(along, "transitions", "301 to another path, where a number is another", factory)
        .turned(redirect(new, 301), moving)
        .with_routes({new: over(not_found(along), {Step.TURN: target})}),
    ]  # fmt: skip


def list_reworked() -> list[Script]:
    """Return the scripts of the other classes of change."""
    return [*_classes(), *_links(), *_replaced(), *_leaked(), *_there_and_back()]
