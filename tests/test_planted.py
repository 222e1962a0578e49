"""Facts planted in real texts are found, all of them; noise planted there is not taken for one.

The texts are the demo's own articles, in four languages, and the labelled texts of the corpus where
it is present. What is planted where is drawn by lot, with the text's name as seed.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from crawler.comparison.change import Change
from crawler.comparison.comparing import compare
from crawler.comparison.interface import is_interface, is_stamp, without_marks
from crawler.comparison.texts import lines_of, normalise_text
from crawler.comparison.tokens import Reading, quotations, tokens_of
from crawler.items import Article
from tests.conftest import ROOT

NOT = {"de": "nicht", "fr": "pas", "es": "no", "it": "non", "pt": "não", "nl": "niet", "ru": "не",
       "sv": "inte", "pl": "nie", "tr": "değil"}  # fmt: skip
CJK = re.compile("(?<=[一-鿿])(?=[一-鿿])")


@dataclass(frozen=True, slots=True)
class Text:
    """A text in which something is planted."""

    name: str
    language: str
    lines: tuple[str, ...]

    def article(self, lines: list[str] | None = None) -> Article:
        text = "\n".join(self.lines if lines is None else lines)
        return Article("test 1", "text", "text/html", language=self.language, text=text)

    def sites(self) -> list[int]:
        """Which lines belong to the article beyond doubt."""
        return [at for at, line in enumerate(self.lines) if _tells(line)]


def _tells(line: str) -> bool:
    plain = normalise_text(line)
    long = len(plain.split()) >= 8 or len(CJK.findall(plain)) >= 15
    return long and without_marks(plain) == plain and not (is_interface(plain) or is_stamp(plain))


def own_texts() -> list[Text]:
    texts = []
    for path in sorted((ROOT / "crawler" / "demo" / "articles").glob("*.txt")):
        head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
        language = re.search(r"^Language: (\w+)", head, re.MULTILINE)
        lines = tuple(line for line in body.split("\n") if line.strip())
        texts.append(Text(path.name, language[1] if language else "en", lines))
    return texts


def labelled_texts(corpus: Path) -> Iterator[Text]:
    for row in (corpus / "articles.jsonl").read_text(encoding="utf-8").splitlines():
        page = json.loads(row)
        text = page.get("expected_text") or ""
        if len(text.split()) >= 60:
            language = page.get("html_lang") or page.get("guessed_lang") or "en"
            yield Text(page["id"], language.lower()[:2], tuple(text.split("\n")))


# ------------------------------------------------------------------ facts

Planter = Callable[[str, str, random.Random], str | None]  # line, language, lot → line


def _gaps(line: str, language: str) -> list[int]:
    if language in ("zh", "ja"):
        return [match.start() for match in CJK.finditer(line)]
    return [match.start() for match in re.finditer(r"(?<=[^\W\d_]) (?=[^\W\d_])", line)]


def _inserted(line: str, language: str, lot: random.Random, word: str) -> str | None:
    gaps = _gaps(line, language)
    if not gaps:
        return None
    at = lot.choice(gaps)
    return line[:at] + (word if language in ("zh", "ja") else f" {word}") + line[at:]


def number_inserted(line: str, language: str, lot: random.Random) -> str | None:
    return _inserted(line, language, lot, str(lot.randrange(2, 5000)))


def number_in_words(line: str, language: str, lot: random.Random) -> str | None:
    word = {"en": "seven", "zh": "七百", "de": "sieben"}.get(language)
    return _inserted(line, language, lot, word) if word else None


def number_altered(line: str, language: str, lot: random.Random) -> str | None:
    found = list(re.finditer(r"(?<![\w.,:/\[-])\d{1,6}(?![\w.,:/\]-])", line))
    if not found:
        return None
    match = lot.choice(found)
    return f"{line[: match.start()]}{int(match[0]) + lot.randrange(1, 90)}{line[match.end() :]}"


def number_removed(line: str, language: str, lot: random.Random) -> str | None:
    found = list(re.finditer(r"(?<= )\d{1,6} (?=[^\W\d_])", line))
    if not found:
        return None
    match = lot.choice(found)
    return line[: match.start()] + line[match.end() :]


def negation_inserted(line: str, language: str, lot: random.Random) -> str | None:
    word = {"zh": "不", "ja": "ない"}.get(language, NOT.get(language, "not"))
    return _inserted(line, language, lot, word)


def negation_removed(line: str, language: str, lot: random.Random) -> str | None:
    word = NOT.get(language, "not")
    found = list(re.finditer(rf" {word}(?= [^\W\d_])", line))
    if not found:
        return None
    match = lot.choice(found)
    return line[: match.start()] + line[match.end() :]


def quotation_marks_set(line: str, language: str, lot: random.Random) -> str | None:
    words = line.split(" ")
    if len(words) < 10 or "" in words or re.search("[\"'“”„«»‘’「」]", line):
        return None
    at = lot.randrange(1, len(words) - 5)
    words[at], words[at + 3] = f"“{words[at]}", words[at + 3].rstrip(".,;:!?") + "”"
    return " ".join(words)


def quotation_altered(line: str, language: str, lot: random.Random) -> str | None:
    plain = normalise_text(line)
    found = [span for span in quotations(plain) if len(plain[slice(*span)].split()) >= 3]
    if not found:
        return None
    start, end = lot.choice(found)
    words = plain[start:end].split(" ")
    words[lot.randrange(len(words))] = "otherwise"
    return plain[:start] + " ".join(words) + plain[end:]


def name_altered(line: str, language: str, lot: random.Random) -> str | None:
    found = list(re.finditer(r"(?<=[a-z] )[A-Z][a-z]{3,}(?= [a-z])", line))
    if not found or language == "de":  # where every noun has a capital
        return None
    match = lot.choice(found)
    return f"{line[: match.start()]}Zorblatt{line[match.end() :]}"


NUMBERS = {"number", "money", "percent", "date"}
FACTS: list[tuple[Planter, set[str]]] = [
    (number_inserted, NUMBERS), (number_in_words, NUMBERS), (number_altered, NUMBERS),
    (number_removed, NUMBERS), (negation_inserted, {"negation"}), (negation_removed, {"negation"}),
    (quotation_marks_set, {"quotation"}), (quotation_altered, {"quotation"}),
    (name_altered, {"name"}),
]  # fmt: skip


def planted(text: Text, plant: Planter, tries: int) -> Iterator[tuple[str, str, Change]]:
    """Each line with a fact planted in it, and what is told of it."""
    sites = text.sites()
    for number in range(tries if sites else 0):
        lot = random.Random(f"{text.name} {plant.__name__} {number}")
        at = lot.choice(sites)
        line = plant(text.lines[at], text.language, lot)
        if line is not None:
            lines = [*text.lines[:at], line, *text.lines[at + 1 :]]
            yield (
                text.lines[at], line,
                compare(text.article(), text.article(lines), shared_lines=frozenset()),
            )  # fmt: skip


def missed(texts: list[Text], plant: Planter, kinds: set[str], tries: int) -> tuple[int, list[str]]:
    count, lost = 0, []
    for text in texts:
        for before, after, change in planted(text, plant, tries):
            count += 1
            if change.change_class != "material" or not kinds & {e.kind for e in change.edits}:
                lost.append(f"{text.name}: {change.change_class}, {before[:80]!r} → {after[:80]!r}")
    return count, lost


@pytest.mark.parametrize(
    ("plant", "kinds"), FACTS, ids=lambda value: getattr(value, "__name__", "")
)
def test_every_fact_planted_in_our_own_texts_is_found(plant: Planter, kinds: set[str]) -> None:
    count, lost = missed(own_texts(), plant, kinds, tries=12)
    assert count > 25 and not lost


def check_corpus(texts: list[Text], least: int, tries: int) -> None:
    for plant, kinds in FACTS:
        count, lost = missed(texts, plant, kinds, tries)
        print(f"{plant.__name__}: {count - len(lost)} of {count}")
        assert count >= least and not lost, plant.__name__


def test_every_fact_planted_in_every_eighth_real_text_is_found(corpus: Path) -> None:
    check_corpus(list(labelled_texts(corpus))[::8], least=10, tries=2)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_fact_planted_in_real_texts_is_found(corpus: Path) -> None:
    check_corpus(list(labelled_texts(corpus)), least=75, tries=2)


# ------------------------------------------------------------------ noise

Noise = Callable[[Text, random.Random], list[str] | None]


def _strewn(text: Text, lot: random.Random, added: list[str]) -> list[str]:
    lines = list(text.lines)
    for line in added:
        lines.insert(lot.randrange(len(lines) + 1), line)
    return lines


def counters(text: Text, lot: random.Random) -> list[str]:
    added = [f"{lot.randrange(9999):,} views", f"Comments ({lot.randrange(99)})", "5 min read"]
    return _strewn(text, lot, added)


def ages(text: Text, lot: random.Random) -> list[str]:
    return _strewn(text, lot, [f"{lot.randrange(2, 23)} hours ago", "Updated 3 minutes ago",
                               "vor 5 Stunden", "3小时前"])  # fmt: skip


def advertisements(text: Text, lot: random.Random) -> list[str]:
    teaser = lot.choice(["Five killed in Oslo", "Orme & Co to buy Bell for $5 billion"])
    return _strewn(text, lot, ["ADVERTISEMENT", f"Read more: {teaser}", "Sponsored content",
                               "Sign up for our newsletter"])  # fmt: skip


def buttons(text: Text, lot: random.Random) -> list[str]:
    added = ["Share", "Tweet", "Print", "Follow us on Facebook", "Skip to content"]
    return _strewn(text, lot, [*added, f"{lot.randrange(900)} shares"])


def typography(text: Text, lot: random.Random) -> list[str]:
    return [line.replace('"', "“").replace("'", "’").replace("-", "–") for line in text.lines]


def blanks(text: Text, lot: random.Random) -> list[str]:
    return [f" {line.replace(' ', lot.choice(['  ', chr(160)]))}\u200b\n" for line in text.lines]


def typing_error(text: Text, lot: random.Random) -> list[str] | None:
    """Two letters exchanged in a word that is no fact."""
    for at in lot.sample(text.sites(), len(text.sites())):
        line = text.lines[at]
        if re.search("[\"'“”„«»‘’「」]", line):
            continue
        facts = {token.text for token in tokens_of(normalise_text(line), Reading(text.language))}
        words = [
            match
            for match in re.finditer(r"(?<=[a-zà-ÿ] )[a-zà-ÿ]{6,}(?= [a-zà-ÿ])", line)
            if match[0] not in facts
        ]
        if words:
            match = lot.choice(words)
            word, place = match[0], lot.randrange(1, len(match[0]) - 2)
            wrong = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
            changed = line[: match.start()] + wrong + line[match.end() :]
            return [*text.lines[:at], changed, *text.lines[at + 1 :]] if wrong != word else None
    return None


def other_order(text: Text, lot: random.Random) -> list[str]:
    return lot.sample(text.lines, len(text.lines))


NOISE: list[Noise] = [
    counters, ages, advertisements, buttons, typography, blanks, typing_error, other_order,
]  # fmt: skip


def told(texts: list[Text], noise: Noise) -> tuple[Counter[str], list[str]]:
    """The classes of texts with noise, and those that a person would be told of."""
    classes: Counter[str] = Counter()
    false = []
    for text in texts:
        lines = noise(text, random.Random(f"{text.name} {noise.__name__}"))
        if lines is not None:
            change = compare(text.article(), text.article(lines), shared_lines=frozenset())
            classes[change.change_class] += 1
            if change.told:
                false.append(f"{text.name}: {change.change_class}, {change.edits[:3]}")
    return classes, false


@pytest.mark.parametrize("noise", NOISE, ids=lambda noise: noise.__name__)
def test_noise_in_our_own_texts_is_not_told(noise: Noise) -> None:
    classes, false = told(own_texts(), noise)
    assert classes.total() > 20 and not false


def check_noise(texts: list[Text]) -> None:
    for noise in NOISE:
        classes, false = told(texts, noise)
        print(f"{noise.__name__}: {dict(classes)}; {false}")
        assert classes.total() >= 0.7 * len(texts)
        assert len(false) <= 0.02 * classes.total()


def test_noise_in_every_fifth_real_text_is_hardly_ever_told(corpus: Path) -> None:
    check_noise(list(labelled_texts(corpus))[::5])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_noise_in_real_texts_is_hardly_ever_told(corpus: Path) -> None:
    check_noise(list(labelled_texts(corpus)))


def test_a_cookie_notice_that_stands_on_other_pages_too_is_not_told() -> None:
    notice = (
        "We and our 842 partners use cookies to keep this site working and to measure how it is"
        " read; you can accept all of them, or choose below which ones you do not want."
    )
    for text in own_texts():
        shown = text.article([*text.lines, notice])
        change = compare(text.article(), shown, shared_lines=frozenset(lines_of(notice)))
        assert change.change_class == "boilerplate", text.name
