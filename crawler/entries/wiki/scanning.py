"""Wikitext as a tree of templates, wikilinks and tags, in time linear in its length.

MediaWiki's own preprocessor reads brackets with a stack, in one pass, and so does this one; a
bracket that is never closed is text. The known library, mwparserfromhell 0.7.2, tries each opening
bracket anew up to the end of the page: 20 kB of ``<ref name=`` take it 6 s, 80 kB 54 s (measured),
and nothing can interrupt it. The tests hold this reader against it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# Templates in templates: MediaWiki expands 40 to 100 levels, articles have three or four.
MAX_DEPTH = 40

_VERBATIM = "nowiki|pre|math|chem|ce|score|syntaxhighlight|source|timeline|graph|templatedata"
_UNSEEN = "noinclude|includeonly|templatestyles|mapframe|maplink|imagemap"  # documentation, data
_NOTES = "ref|references"
_TOKEN = re.compile(
    rf"<!--|<(?P<tag>{_NOTES}|{_VERBATIM}|{_UNSEEN})(?=[\s/>])(?P<rest>[^<>]{{0,1000}})>"
    r"|\{\{+|\}\}+|\[\[|\]\]|\|",
    re.IGNORECASE,
)
_NOTE_END = re.compile(
    r"<(?:(?P<end>/ref\s*)>|ref(?=[\s/>])(?P<rest>[^<>]{0,1000})>)", re.IGNORECASE
)


@dataclass(slots=True)
class Template:
    """``{{name|value|key=value}}``; values without a key are called "1", "2" and so on."""

    name: str  # blanks folded, case folded, underscores as blanks
    values: dict[str, list[Node]]  # a key that stands there twice: the last one, as in MediaWiki


@dataclass(slots=True)
class Wikilink:
    """``[[target|part|part]]``."""

    target: str
    parts: list[list[Node]]  # without the target


@dataclass(slots=True)
class Tag:
    """A note ``<ref name="x">…</ref>``, or the place at which notes are listed."""

    name: str  # "ref" or "references"
    attributes: str
    content: list[Node]  # empty for <ref name="x" />


Node = str | Template | Wikilink | Tag


@dataclass(slots=True)
class _Frame:
    """An opening bracket that waits for its closing one."""

    opened: str  # "{{", "{{{", "[["; "" for the page itself
    parts: list[list[Node]] = field(default_factory=lambda: [[]])

    def add(self, node: Node) -> None:
        if node != "":
            self.parts[-1].append(node)

    def as_text(self) -> list[Node]:
        """Return what stands in a bracket that is never closed, the bracket included."""
        nodes: list[Node] = [self.opened, *self.parts[0]]
        for part in self.parts[1:]:
            nodes += ["|", *part]
        return nodes


def scan(text: str) -> tuple[list[Node], bool]:
    """Return the nodes of a wikitext, and whether all brackets and notes in it are closed.

    Comments, verbatim text (``<nowiki>``, ``<pre>`` …) and the documentation of templates are left
    out. Deeper than MAX_DEPTH brackets are text.
    """
    scanner = _Scanner(text, 0)
    return scanner.run(), scanner.is_whole


class _Scanner:
    def __init__(self, text: str, depth: int) -> None:
        self.text = text
        self.depth = depth  # of notes in notes
        self.stack = [_Frame("")]
        self.is_whole = True
        self.endless: set[str] = set()  # tags of which no further end stands in the text

    def run(self) -> list[Node]:
        at = 0
        while match := _TOKEN.search(self.text, at):
            self.stack[-1].add(self.text[at : match.start()])
            at = self._take(match)
        self.stack[-1].add(self.text[at:])
        while len(self.stack) > 1:
            self._give_up()
        return _joined(self.stack[0].parts[0])

    def _take(self, match: re.Match[str]) -> int:
        """Take one token; return where to go on."""
        token = match[0]
        if token == "<!--":
            end = self.text.find("-->", match.end())
            self.is_whole = self.is_whole and end >= 0
            return end + 3 if end >= 0 else len(self.text)  # as MediaWiki has it
        if match["tag"]:
            return self._take_tag(match)
        if token[0] == "{":
            self._open_braces(len(token))
        elif token[0] == "}":
            self._close_braces(len(token))
        elif token == "[[":
            self._open("[[")
        elif token == "]]":
            self._close_link()
        elif len(self.stack) > 1:
            self.stack[-1].parts.append([])
        else:
            self.stack[-1].add("|")
        return match.end()

    # Tags

    def _take_tag(self, match: re.Match[str]) -> int:
        name, rest = match["tag"].casefold(), match["rest"]
        if rest.rstrip().endswith("/"):
            if name == "ref":
                self.stack[-1].add(Tag("ref", rest.rstrip()[:-1], []))
            return match.end()
        if name == "ref":
            return self._take_note(match.end(), rest)
        end, after = self._end_of(name, match.end())
        if end < 0:
            self.is_whole = self.is_whole and name == "references"
            return match.end()
        if name == "references":
            content = self._inside(self.text[match.end() : end])
            self.stack[-1].add(Tag("references", rest, content))
        elif name in _VERBATIM.split("|"):
            self.stack[-1].add(" ")
        return after

    def _take_note(self, start: int, rest: str) -> int:
        """Take a note, which ends where the next one begins if its own end is missing."""
        if "ref" in self.endless:
            return start
        match = _NOTE_END.search(self.text, start)
        while match and match["rest"] is not None and match["rest"].rstrip().endswith("/"):
            match = _NOTE_END.search(self.text, match.end())
        if match is None:
            self.endless.add("ref")
            self.is_whole = False
            return start
        content = self._inside(self.text[start : match.start()])
        self.stack[-1].add(Tag("ref", rest, content))
        if match["end"] is None:
            self.is_whole = False
            return match.start()
        return match.end()

    def _end_of(self, name: str, start: int) -> tuple[int, int]:
        """Return where a tag's end begins and ends; (-1, -1) without one."""
        if name not in self.endless:
            match = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(self.text, start)
            if match:
                return match.start(), match.end()
            self.endless.add(name)
        return -1, -1

    def _inside(self, text: str) -> list[Node]:
        if self.depth > 1:  # notes stand in lists of notes, and in nothing else
            return [text]
        inner = _Scanner(text, self.depth + 1)
        nodes = inner.run()
        self.is_whole = self.is_whole and inner.is_whole
        return nodes

    # Brackets

    def _open(self, bracket: str) -> None:
        if len(self.stack) > MAX_DEPTH:
            self.stack[-1].add(bracket)
        else:
            self.stack.append(_Frame(bracket))

    def _open_braces(self, count: int) -> None:
        room = 2 * (MAX_DEPTH + 2 - len(self.stack))
        if count > room:  # a wall of braces
            self.is_whole = False
            self.stack[-1].add("{" * count)
            return
        while count > 3:
            self._open("{{")
            count -= 2
        self._open("{" * count)

    def _close_braces(self, count: int) -> None:
        while count > 1:
            frame = self._innermost_braces()
            if frame is None:
                self.is_whole = False
                break
            if frame.opened == "{{{" and count < 3:  # one brace of the opening three was text
                frame.opened = "{{"
                self.stack[-2].add("{")
            count -= len(frame.opened)
            self.stack.pop()
            if frame.opened == "{{":
                self.stack[-1].add(_template(frame))
        self.stack[-1].add("}" * count)

    def _innermost_braces(self) -> _Frame | None:
        """Return the braces that close now; links that were opened within them become text."""
        if not any(frame.opened.startswith("{") for frame in self.stack):
            return None
        while self.stack[-1].opened == "[[":
            self._give_up()
        return self.stack[-1]

    def _close_link(self) -> None:
        frame = self.stack[-1]
        if frame.opened != "[[":
            frame.add("]]")
            return
        self.stack.pop()
        target, *parts = (_joined(part) for part in frame.parts)
        self.stack[-1].add(Wikilink(text_of(target).strip(), parts))

    def _give_up(self) -> None:
        self.is_whole = False
        nodes = self.stack.pop().as_text()
        self.stack[-1].parts[-1] += nodes


def _template(frame: _Frame) -> Template:
    name, *parts = (_joined(part) for part in frame.parts)
    values: dict[str, list[Node]] = {}
    count = 0
    for part in parts:
        first = part[0] if part else ""
        key, mark, rest = first.partition("=") if isinstance(first, str) else ("", "", "")
        if mark:
            values[fold_name(key)] = [rest, *part[1:]] if rest else part[1:]
        else:
            count += 1
            values[str(count)] = part
    return Template(fold_name(text_of(name)), values)


def fold_name(name: str) -> str:
    """Return the name of a template or parameter as it is compared."""
    return " ".join(name.replace("_", " ").split()).casefold()


def _joined(nodes: list[Node]) -> list[Node]:
    """Return the nodes with strings that stand beside each other as one."""
    joined: list[Node] = []
    pieces: list[str] = []
    for node in nodes:
        if isinstance(node, str):
            pieces.append(node)
            continue
        if pieces:
            joined.append("".join(pieces))
            pieces = []
        joined.append(node)
    if pieces:
        joined.append("".join(pieces))
    return joined


def text_of(nodes: list[Node]) -> str:
    """Return the strings among nodes, without any markup's content."""
    return "".join(node for node in nodes if isinstance(node, str))
