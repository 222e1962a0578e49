"""A wording as a person reads it: plain text, ANSI for terminals, HTML, or a few words of it.

The text comes from a hostile page: control characters never reach a terminal, markup never a
browser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape

from crawler.comparison.interface import is_interface, is_stamp
from crawler.comparison.texts import normalise_text
from crawler.comparison.wording import Paragraph, Piece, PieceKind, Wording, is_changed

CONTEXT = 1  # unchanged paragraphs that are shown beside a changed one
LONG = 60  # words; what stays unchanged inside a paragraph is folded from here on
KEPT = 20  # words that remain of it on either side

COARSE = "(Some passages were too long to be compared word by word.)"
UNCHANGED = "(The wording is unchanged.)"

# C0, DEL, C1; and the marks that turn the direction of writing, with which a text can pretend
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ANSI: dict[PieceKind, str] = {"removed": "\x1b[31;9m", "added": "\x1b[32m"}
_PLAIN: dict[PieceKind, tuple[str, str]] = {"removed": ("[-", "-]"), "added": ("{+", "+}")}

Shown = str | Paragraph  # a note on folded paragraphs, or a paragraph


def as_text(wording: Wording, *, context: int = CONTEXT) -> str:
    """Return a wording as lines of plain text: ``spend [-$50-]{+$5+} million``."""

    def mark(piece: Piece) -> str:
        before, after = _PLAIN.get(piece.kind, ("", ""))
        return f"{before}{_safe(piece.text)}{after}"

    return "\n".join(_lines(wording, context, mark))


def as_ansi(wording: Wording, *, context: int = CONTEXT) -> str:
    """Return a wording for a terminal: removed words red and struck through, added ones green."""

    def mark(piece: Piece) -> str:
        colour = _ANSI.get(piece.kind)
        text = _safe(piece.text)
        return f"{colour}{text}\x1b[0m" if colour else text

    return "\n".join(_lines(wording, context, mark))


def as_html(wording: Wording, *, context: int = CONTEXT) -> str:
    """Return a wording as a fragment of HTML in which all text is escaped.

    A ``div class="wording"`` of paragraphs with ``del`` and ``ins``; notes are of class "note".
    """
    tags: dict[PieceKind, str] = {"removed": "del", "added": "ins"}

    def mark(piece: Piece) -> str:
        tag = tags.get(piece.kind)
        text = escape(_UNSAFE.sub("", piece.text))
        return f"<{tag}>{text}</{tag}>" if tag else text

    notes = f'<p class="note">{COARSE}</p>' if wording.is_coarse else ""
    body = "\n".join(
        f'<p class="note">{escape(shown)}</p>'
        if isinstance(shown, str)
        else f"<p>{''.join(map(mark, _folded(shown)))}</p>"
        for shown in _shown(wording, context)
    )
    return f'<div class="wording">\n{body}{notes}\n</div>'


def paragraphs_of(wording: Wording, *, context: int = CONTEXT) -> list[Shown]:
    """Return what is shown of a wording: paragraphs, and notes in place of those left out.

    Their text has no controls left, and is not escaped: who shows it in a browser does that.
    """
    return [
        shown
        if isinstance(shown, str)
        else tuple(Piece(piece.kind, _safe(piece.text)) for piece in _folded(shown))
        for shown in _shown(wording, context)
    ]


def phrases(wording: Wording, *, limit: int = 3, around: int = 4, width: int = 200) -> list[str]:
    """Return the first changed phrases with a few words ``around``, as plain text.

    Counters, teasers and dates of a page are named only when nothing else changed. A phrase has at
    most about ``width`` characters.
    """
    changed = [paragraph for paragraph in wording.paragraphs if is_changed(paragraph)]
    telling = [paragraph for paragraph in changed if not _is_about_page(paragraph)]
    found: list[str] = []
    for paragraph in telling or changed:
        for phrase in _phrases(paragraph, around, width):
            if len(found) == limit:
                return found
            found.append(phrase)
    return found


def _safe(text: str) -> str:
    return _UNSAFE.sub("", text)


def _lines(wording: Wording, context: int, mark: Callable[[Piece], str]) -> Iterator[str]:
    """Give the lines of a wording, paragraphs parted by nothing but the line's end."""
    for shown in _shown(wording, context):
        yield shown if isinstance(shown, str) else "".join(map(mark, _folded(shown)))
    if wording.is_coarse:
        yield COARSE


def _shown(wording: Wording, context: int) -> Iterator[Shown]:
    """Give the changed paragraphs and those beside them, and notes on the others."""
    if not wording.is_changed:
        yield UNCHANGED
        return
    paragraphs = wording.paragraphs
    near: set[int] = set()
    for at, paragraph in enumerate(paragraphs):
        if is_changed(paragraph):
            near.update(range(at - context, at + context + 1))
    folded = 0
    for at, paragraph in enumerate(paragraphs):
        if at not in near:
            folded += 1
            continue
        if folded:
            yield _note(folded)
            folded = 0
        yield paragraph
    if folded:
        yield _note(folded)


def _note(count: int) -> str:
    return f"(… {count} unchanged paragraph{'s' * (count != 1)} …)"


def _folded(paragraph: Paragraph) -> Iterator[Piece]:
    """Give the pieces of a changed paragraph, long unchanged runs folded."""
    last = len(paragraph) - 1
    changed = is_changed(paragraph)
    for at, piece in enumerate(paragraph):
        words = piece.text.split(" ")
        if not changed or piece.kind != "same" or len(words) <= LONG:
            yield piece
            continue
        head = words[:KEPT] if at > 0 else []
        tail = words[-KEPT:] if at < last else []
        yield Piece("same", " ".join([*head, "…", *tail]))


def _is_about_page(paragraph: Paragraph) -> bool:
    line = normalise_text("".join(piece.text for piece in paragraph if piece.kind != "removed"))
    gone = normalise_text("".join(piece.text for piece in paragraph if piece.kind != "added"))
    return all(is_interface(side) or is_stamp(side) for side in (line, gone) if side)


def _phrases(paragraph: Paragraph, around: int, width: int) -> Iterator[str]:
    """Give the changes of a paragraph with some words around; near ones together."""
    phrase = ""
    for at, piece in enumerate(paragraph):
        if piece.kind != "same":
            before, after = _PLAIN[piece.kind]
            phrase += f"{before}{_shortened(_safe(piece.text), width // 2)}{after}"
            continue
        words = _safe(piece.text).split(" ")
        is_last = at == len(paragraph) - 1
        if phrase and not is_last and len(words) <= 2 * around:
            phrase += " ".join(words)
            continue
        if phrase:
            yield _shortened(phrase + _head(words, around), width)
        phrase = "" if is_last else _tail(words, around)
    if phrase:
        yield _shortened(phrase, width)


def _head(words: list[str], around: int) -> str:
    return " ".join(words) if len(words) <= around + 1 else " ".join(words[: around + 1]) + " …"


def _tail(words: list[str], around: int) -> str:
    return " ".join(words) if len(words) <= around + 1 else "… " + " ".join(words[-around - 1 :])


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"
