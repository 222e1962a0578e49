"""Scripts of pages in which one fact is changed, and nothing else: each must be told.

One fact of a story is another from the turn on: a number, a negation, a quotation, a name. So what
was planted is known exactly, and the rest of the text is letter for letter the same.
"""

from __future__ import annotations

from dataclasses import replace

from crawler.demo.behaviours import TEXT, Behaviour, page
from crawler.demo.catalogue.making import Case, story_of, turning
from crawler.demo.catalogue.press import Printed, shows
from crawler.demo.catalogue.script import Script
from crawler.demo.catalogue.steps import Step, over
from crawler.demo.catalogue.stories import Story, in_language
from crawler.demo.pictures import print_pdf
from crawler.demo.texts import Text

MATERIAL = turning("live", changes={Step.TURN: "material"})


def _planted(name: str, family: str, known: str, before: Printed, after: Printed) -> Script:
    return Case(name, family, known, before).turned(shows(name, after), MATERIAL)


# What is planted, by what it is: the kind of story, the fact, and what it becomes.
_FACTS = {
    "number": (
        ("dues", "count", "118"), ("trial", "count", "7"), ("storm", "count", "410"),
        ("reef", "count", "612"), ("election", "count", "5"), ("clinic", "count", "101"),
    ),
    "money": (
        ("dues", "sum", "$41 million"), ("trial", "sum", "$1.05 million"),
        ("festival", "sum", "€640,000"), ("museum", "sum", "$12,500"),
    ),
    "percent": (
        ("dues", "percent", "51"), ("factory", "percent", "8.5"), ("railway", "percent", "73"),
    ),
    "date": (
        ("storm", "date", "28 December"), ("school", "date", "1 September"),
        ("museum", "date", "29 July"),
    ),
    "name": (
        ("dues", "person", "Oliver Brandt"), ("trial", "other", "Wilhelmina Stokes"),
        ("reef", "person", "Anselm Okafor"), ("election", "other", "Cornelia Vance"),
        ("regatta", "place", "Merrow Sands"),
    ),
    "quotation": (
        ("dues", "quote", "A harbour without dredging will not have boats for long"),
        ("trial", "quote", "I signed what I was told to sign, and I was afraid"),
        ("storm", "reply", "People here have neither lamps nor flour, and nobody comes"),
        ("clinic", "quote", "It begins like a cold and ends like one"),
        ("museum", "quote", "They were ours by law, and we are giving them away"),
        ("factory", "reply", "My mother stood at that machine, and was glad to leave it"),
    ),
    "certainty": (
        ("trial", "certainty", "demonstrably"), ("reef", "certainty", "certainly"),
        ("clinic", "certainty", "confirmed"),
    ),
}  # fmt: skip

# A "not" that comes or goes.
_NEGATIONS = (
    ("dues", "stance", "are"), ("trial", "stance", "is"), ("clinic", "stance", "is"),
    ("museum", "stance", "were"), ("election", "stance", "will"), ("festival", "stance", "is"),
    ("regatta", "stance", "was"), ("school", "certainty", "could not"),
)  # fmt: skip


def _facts() -> list[Script]:
    scripts = []
    for family, planted in (*_FACTS.items(), ("negation", _NEGATIONS)):
        for number, (kind, fact, value) in enumerate(planted, 1):
            name = f"{family}-{number}-{kind}"
            before = story_of(name, kind)
            after = before.but(**{fact: value})
            known = f"{before.facts[fact]!r} becomes {value!r}"
            scripts.append(_planted(name, family, known, before, after))
    return scripts


# The same in other languages: words of their articles, and what they become.
_ABROAD = (
    ("de", "number", {"In sechzehn von vierzig": "In 26 von 40"}),
    ("de", "money", {"von 8,4 auf 11,2 Millionen": "von 8,4 auf 14,2 Millionen"}),
    ("de", "negation", {"nach ihrem Bericht nicht.": "nach ihrem Bericht."}),
    ("fr", "number", {"7 300 volumes": "3 700 volumes"}),
    ("fr", "negation", {"Le maire n'a pas caché": "Le maire a caché"}),
    ("es", "number", {"ahora 86 años": "ahora 68 años"}),
    ("es", "negation", {"no se convertirá en hotel": "se convertirá en hotel"}),
    ("it", "number", {"412 mila euro": "421 mila euro"}),
    ("it", "negation", {"La regione non ha concesso": "La regione ha concesso"}),
    ("pt", "negation", {"Não haverá motores": "Haverá motores"}),
    ("nl", "money", {"95.000 euro": "59.000 euro"}),
    ("nl", "negation", {"maar betaalt niet mee": "en betaalt mee"}),
    ("pl", "number", {"214 gatunków": "241 gatunków"}),
    ("pl", "negation", {"nie zostanie rozebrany": "zostanie rozebrany"}),
    ("ru", "money", {"730 тысяч рублей": "370 тысяч рублей"}),
    ("ru", "negation", {"Паром не пойдёт": "Паром пойдёт"}),
    ("tr", "money", {"14 milyon lira": "41 milyon lira"}),
    ("zh", "number", {"一万二千册": "12万册"}),
    ("zh", "negation", {"轮机舱没有拆除": "轮机舱已经拆除"}),
    ("ja", "number", {"目標は五千株": "目標は5万株"}),
    ("ar", "number", {"350 ألف دينار": "530 ألف دينار"}),
)


def _abroad() -> list[Script]:
    scripts = []
    for language, family, changes in _ABROAD:
        name = f"{family}-{language}"
        before = in_language(language)
        known = "; ".join(f"{old!r} becomes {new!r}" for old, new in changes.items())
        scripts.append(
            _planted(name, family, known, before, before.rewrite(changes, before.published))
        )
    return scripts


def _fields() -> list[Script]:
    """Headline, byline, a note of correction, a retraction; and numbers in other formats."""
    headline = story_of("headline-rewritten", "storm")
    sharpened = headline.but(title="Anger grows in $place as help does not come")
    softened = story_of("headline-softened", "factory")
    byline = story_of("byline", "museum")
    corrected = story_of("corrected", "reef").text
    note = "Correction: An earlier version of this article misstated how deep the trench is."
    withdrawn = story_of("withdrawn", "clinic").text
    retraction = (
        "Retraction: This article has been withdrawn by its editors, because its source could "
        "not be verified."
    )
    updated = story_of("editors-note", "trial").text
    editor = "Editor’s note: This article was amended to reflect a statement of the defence."
    scripts = [
        _planted("headline-rewritten", "headline", "another headline", headline, sharpened),
        _planted(
            "headline-softened", "headline", "the headline takes it back", softened,
            softened.but(title="Rope works in $place may stay open after all"),
        ),
        _planted(
            "byline", "byline", "another author", byline, byline.but(author="Rosalind Achterberg")
        ),
        _planted("corrected", "correction", "a note of correction at the end", corrected,
                 _with_note(corrected, note)),
        _planted("withdrawn", "correction", "a retraction at the end", withdrawn,
                 _with_note(withdrawn, retraction)),
        _planted("editors-note", "correction", "an editor's note at the end", updated,
                 _with_note(updated, editor)),
    ]  # fmt: skip
    return [*scripts, *_other_formats()]


def _with_note(text: Text, note: str) -> Text:
    return replace(text, paragraphs=(*text.paragraphs, note))


def _other_formats() -> list[Script]:
    """A number that changes in a PDF and in a plain text."""
    pdf, plain = story_of("number-pdf", "factory"), story_of("number-text", "railway")
    more = pdf.but(count="312")
    later = plain.but(count="9")
    printed = {
        "number-pdf": (pdf, [_pdf(pdf), _pdf(more)]),
        "number-text": (plain, [_plain(plain), _plain(later)]),
    }
    return [
        Case(name, "number", "a number changes, no HTML", story).always(
            over(before, {Step.TURN: after}), MATERIAL
        )
        for name, (story, (before, after)) in printed.items()
    ]


def _pdf(story: Story) -> Behaviour:
    text = story.text
    return page(print_pdf(text.title, text.paragraphs), content_type="application/pdf")


def _plain(story: Story) -> Behaviour:
    text = story.text
    return page("\n\n".join((text.title, *text.paragraphs)), content_type=TEXT)


def list_planted() -> list[Script]:
    """Return the scripts in which a fact changes."""
    return [*_facts(), *_abroad(), *_fields()]
