"""What a good answer becomes: the copy that is held, a version, a change; and passages in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from crawler.archive import Accepted, Archive, EndedVisit, GoodCopy
from crawler.comparison.change import Change
from crawler.comparison.comparing import compare
from crawler.conclusion.planning import validators_of
from crawler.items import BY_HAND, OWN, Article
from crawler.passages import anchors_of, can_be_found, standings_of
from crawler.verdicts import LIVE
from crawler.verdicts.observation import Judgement, Observation

_NO_NEW_VERSION = frozenset({"same-text", "links", "boilerplate", "extractor-change"})


class Keeping:
    """Writes what is held of the sources of one archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def keep(
        self, visit: EndedVisit, judgement: Judgement, seen: Observation, good: GoodCopy | None
    ) -> None:
        """Take over a good answer: as copy, as version, as change. A bad one touches nothing.

        One from elsewhere that a better copy stands above is a version beside it.
        """
        if judgement.outcome not in LIVE or visit.capture is None:
            return
        rank = _rank(visit.origin) - (_rank(good.origin) if good else 0)
        change = None
        if good is None or good.payload != visit.payload:
            change = self._compare(visit, seen, good)
        if good is not None and rank < 0:
            self._note_version(visit, seen.article, change)
            return
        if good is not None and change is not None:
            self._archive.versions.save_change(visit, good.capture, change)
        if good is None or good.payload != visit.payload or rank > 0:
            self._accept(visit)
        if good is not None and good.came_again(visit):
            self._show_again(visit, good)
        else:
            self._show(visit, seen.article, change)

    def _accept(self, visit: EndedVisit) -> None:
        assert visit.capture is not None
        # a "not modified" must confirm an answer that we had ourselves
        etag, last_modified = validators_of(visit.hops) if visit.origin == OWN else (None, None)
        self._archive.frontier.accept(
            Accepted(visit.source, visit.capture, visit.last.fetched_at, etag, last_modified)
        )

    def _compare(
        self, visit: EndedVisit, seen: Observation, good: GoodCopy | None
    ) -> Change | None:
        """Return what differs from the good copy; None: nothing, or not comparable."""
        before, after = seen.good, seen.article
        if good is None or before is None or after is None or not (before.text and after.text):
            return None
        change = compare(before, after, shared_lines=frozenset())
        if change.told or change.change_class == "extended":  # else they are not worth reading
            lines = self._archive.neighbourhood.lines_elsewhere(visit.source)
            change = compare(before, after, shared_lines=lines) if lines else change
        return None if change.change_class in ("same-text", "extractor-change") else change

    def _note_version(
        self, visit: EndedVisit, article: Article | None, change: Change | None
    ) -> None:
        """Keep the text of a capture that does not become the copy as a version, where it is one.

        The version that the source shows stays what it is.
        """
        if change is None or article is None or change.change_class in _NO_NEW_VERSION:
            return
        row = self._archive.articles.row_of(visit.payload) if visit.payload else None
        if row is not None:
            self._archive.versions.show(visit, article, row)

    def _show(self, visit: EndedVisit, article: Article | None, change: Change | None) -> None:
        """Bring the source's version up to date."""
        if article is None or not article.text or visit.payload is None:
            return
        versions = self._archive.versions
        row = self._archive.articles.row_of(visit.payload)
        assert row is not None
        current = versions.current(visit.source)
        if current is not None and (change is None or change.change_class in _NO_NEW_VERSION):
            versions.touch(current.id, visit.last.fetched_at)
            if current.article != row:
                versions.refresh(current.id, article, row)
            version = current.id
        else:
            version = versions.show(visit, article, row).id
            versions.make_current(visit.source, version)
        text = article.text
        self._check_passages(visit, lambda: text, version)

    def _show_again(self, visit: EndedVisit, good: GoodCopy) -> None:
        """Note that the version was seen again; its text is read only where somebody wants it."""
        version = self._archive.versions.of(visit.source, good.payload)
        if version is None:
            self._show(visit, self._archive.articles.of(good.payload), None)
            return
        self._archive.versions.touch(version, visit.last.fetched_at)
        if self._archive.passages.wait(visit.source, version):
            self._check_passages(visit, cache(lambda: self._text_of(good.payload)), version)

    def _text_of(self, payload: str) -> str:
        article = self._archive.articles.of(payload)
        return (article and article.text) or ""

    def _check_passages(self, visit: EndedVisit, text: Callable[[], str], version: int) -> None:
        """Find what new citations rest on, and see whether all of it stands in a version.

        Of a version of which nobody wants anything the ``text`` is not read.
        """
        passages, seen_at = self._archive.passages, visit.last.fetched_at
        for citation, claim in passages.without_anchors(visit.source):
            if can_be_found(claim):
                passages.save_anchors(citation, anchors_of(claim, text()), version, now=seen_at)
        unchecked = passages.unchecked(visit.source, version)
        standings = standings_of((anchor for _, anchor in unchecked), text()) if unchecked else ()
        for (anchor, _), standing in zip(unchecked, standings, strict=True):
            passages.save_standing(anchor, version, standing, now=seen_at)


def _rank(origin: str) -> int:
    """Return whose capture is preferred as the copy: ours, another program's, a person's."""
    return 2 if origin == OWN else 0 if origin == BY_HAND else 1
