"""``sourcekeep inspect`` in a real Chromium: by clicking only, and over pages that try it all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests import hostile_pages as hostile
from tests.archive_kit import (
    article,
    at,
    begin,
    cite,
    entry,
    hop,
    judge_by_hand,
    new_archive,
    one,
    visit,
)
from tests.browsing import Recorder, chromium, inspected
from tests.conftest import ROOT, Demonstrated

SCREENSHOTS = ROOT / "build" / "screenshots"
DESKTOP = {"width": 1200, "height": 800}
PHONE = {"width": 390, "height": 844}
A_WHILE_MS = 200  # in which what loads by itself would have been asked for: it takes some 30 ms


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with Recorder() as running:
        yield running


@pytest.fixture(scope="module")
def browser(recorder: Recorder) -> Iterator[Any]:
    with chromium(recorder) as running:
        yield running


@pytest.fixture(scope="module")
def demo(demonstrated: Demonstrated, browser: Any) -> Iterator[str]:
    """The front page of the demo's archive."""
    with inspected(demonstrated.archive) as url:
        yield url


@pytest.fixture(params=[True, False], ids=["script-on", "script-off"])
def page(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport=DESKTOP, java_script_enabled=request.param)
    context.set_default_timeout(10_000)
    opened = context.new_page()
    yield opened
    context.close()


def keep(page: Any, name: str) -> None:
    """Keep a picture of what is seen, for people who look at a build."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


# By clicking only


def test_which_entries_lost_a_source(page: Any, demo: str) -> None:
    page.goto(demo)
    page.get_by_role("link", name="Which entries lost a source?").click()
    page.wait_for_url("**/-/entries/*")
    lost = page.locator("ul.rows > li.gone")
    assert lost.count() == 3
    keep(page, "lost")
    page.get_by_role("link", name=re.compile("herd of wild ponies")).click()
    page.wait_for_url("**/-/entry/**")
    assert "This entry lost 1 source." in page.locator("main").inner_text()
    gone = page.locator("li.card.gone")
    assert gone.count() == 1 and "vanished" in gone.inner_text()
    keep(page, "entry")


def test_what_a_source_said_on_that_date(page: Any, demo: str) -> None:
    page.goto(demo)
    page.get_by_role("link", name=re.compile("Islands set up harbour fund")).first.click()
    for day, sum_ in (("2026-03-01", "$50 million"), ("2026-05-01", "$5 million")):
        page.get_by_label("What did it say on that date?").fill(day)
        page.get_by_role("button", name="Show").click()
        said = page.locator("#said")
        assert f"On {day}" in said.inner_text()
        assert f"will spend {sum_}" in said.inner_text()
    keep(page, "source")


def test_what_exactly_changed(page: Any, demo: str) -> None:
    page.goto(demo)
    fund = page.get_by_role("listitem").filter(has_text="Islands set up harbour fund")
    fund.get_by_role("link", name="what changed").click()
    page.wait_for_url("**/-/compare/**")
    assert "50" in page.locator("del").all_inner_texts()
    assert "5" in page.locator("ins").all_inner_texts()
    keep(page, "compare")


def test_the_page_as_it_was(page: Any, demo: str) -> None:
    page.goto(demo)
    page.get_by_role("link", name=re.compile("One hundred and seven ponies")).first.click()
    page.locator("main").get_by_role("link", name=re.compile("2026-02-21")).first.click()
    page.locator("iframe").scroll_into_view_if_needed()
    archived = page.frame_locator("iframe")
    assert "One hundred and seven ponies" in archived.locator("h1").inner_text()
    assert "The Quillan Gazette" in archived.locator("body").inner_text()
    keep(page, "snapshot")


def test_words_are_found_where_they_stood(page: Any, demo: str) -> None:
    page.goto(demo)
    page.get_by_label(re.compile("Search what the sources said")).fill("lighthouse keeper")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/-/search/**")
    assert page.locator("mark").count()
    keep(page, "search")
    page.get_by_role("link", name="the snapshot").first.click()
    page.wait_for_url("**/-/snapshot/**")


# By keyboard, and on a phone


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.innerText || document.activeElement.name"))


def test_the_keyboard_leads_everywhere(browser: Any, demo: str) -> None:
    page = browser.new_page(viewport=DESKTOP)
    page.goto(demo)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    for _ in range(12):
        page.keyboard.press("Tab")
        if focused(page) == "Which entries lost a source?":
            break
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid", "one sees where one is"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("only=lost"))
    page.close()


def test_nothing_is_wider_than_a_phone(browser: Any, demo: str) -> None:
    page = browser.new_page(viewport=PHONE)
    places = links_on(page, demo)
    places = {**links_on(page, places["source"]), **places}
    places["source"] += "?on=2026-03-01"
    assert set(places) >= {"sourcekeep", "entries", "entry", "source", "snapshot", "compare",
                           "search"}  # fmt: skip
    for kind, link in places.items():
        page.goto(link)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], f"{kind}: {wide} px"
        keep(page, f"phone-{kind}")
    page.close()


def links_on(page: Any, address: str) -> dict[str, str]:
    """Our pages that a page leads to: the first of each kind."""
    page.goto(address)
    links = page.locator("a").evaluate_all("all => all.map(each => each.href)")
    ours = [link.partition("#")[0] for link in links if "/-/" in link and "/feed/" not in link]
    return {_kind(link): link for link in reversed(ours)}


def _kind(link: str) -> str:
    return link.partition("/-/")[2].partition("/")[0]


# Hostile pages


@dataclass(frozen=True)
class Trap:
    """An archive of hostile pages, shown."""

    front: str
    snapshots: dict[str, int]  # capture by the name of the page

    def page(self, name: str) -> str:
        """The page of a snapshot."""
        place = self.front.replace("/-/sourcekeep/", "/-/snapshot/")
        return f"{place}/{self.snapshots[name]}"


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory, recorder: Recorder) -> Iterator[Trap]:
    path, snapshots = _set_trap(tmp_path_factory.mktemp("trap"), recorder.url)
    with inspected(path) as url:
        yield Trap(url, snapshots)


def _set_trap(folder: Path, home: str) -> tuple[Path, dict[str, int]]:
    """Archive the hostile pages; the words about them are hostile, too."""
    pages = {"calls": hostile.CALLS, **hostile.LEADS, **hostile.CLICKS}
    words = hostile.drawn(hostile.MARKUP, home)
    with new_archive(folder, "trap.db") as archive:
        run, snapshots = begin(archive), {}
        for number, (name, text) in enumerate(pages.items()):
            url = f"https://{name}.example/?{words}"
            told = entry(cite(url, words, context=words), locator=f"{name}.md", url=url,
                         headline=f"{number} {words}", topic=words, summary=words)  # fmt: skip
            archive.ledger.record(told, [], input_id=None, now=at())
            known = one(archive, "SELECT source FROM citations WHERE url_as_cited = ?", url)
            kept = visit(archive, run, known, *_answers(url, hostile.drawn(text, home), home))
            found = article(words, title=words, author=words)
            archive.articles.save(str(kept.final_payload), found, now=at())
            snapshots[name] = int(kept.final_capture or 0)
        archive.connection.sql.execute("UPDATE sources SET title = ?", (words,))
        visit(archive, run, 1, hop(url, b"<p>other</p>" * 9, fetched_at=at(hours=1)))
        judge_by_hand(archive, run, 1, 2)
        archive.connection.sql.execute("UPDATE anchors SET exact = ?", (words,))
        return archive.path, snapshots


def _answers(url: str, text: str, home: str) -> Iterator[Any]:
    words = hostile.drawn(hostile.MARKUP, home)
    yield hop(
        url, text.encode(),
        response_headers=(
            ("Content-Type", "text/html"), ("Refresh", f"0; url={home}/header-refresh"),
            ("Link", f"<{home}/header-link>; rel=preload; as=script"), ("X-Words", words),
            ("Content-Security-Policy", f"report-uri {home}/header-report"),
        ),
        ip_address=words,
    )  # fmt: skip


def is_owned(page: Any) -> bool:
    """Whether a script of others ran in the page or in one of its frames."""
    # Where a frame was refused, the browser shows a page of its own, in which nothing can be asked.
    shown = [frame for frame in page.frames if not frame.url.startswith("chrome-error:")]
    return any(frame.locator(hostile.OWNED).count() for frame in shown)


# Those of CALLS that are still of use to somebody; the others are kept for the browsers to come.
TRICKS = {
    "stylesheet", "preload", "icon", "modulepreload", "script-src", "script", "fetch", "beacon",
    "module", "css-import", "css-url", "font", "css-attribute", "onload", "img", "style-attribute",
    "onerror", "srcset", "picture", "input-image", "svg-onload", "svg-script", "svg-image",
    "svg-import", "iframe", "srcdoc", "object", "embed", "poster", "ontoggle", "onfocus", "table",
    "data-frame",
}  # fmt: skip


def test_the_tricks_work_where_nobody_prevents_them(browser: Any, recorder: Recorder) -> None:
    """So that what follows proves something: served as they are, the pages run and call home."""
    recorder.forget()
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    recorder.pages["/calls"] = hostile.drawn(hostile.CALLS, recorder.url)
    page.goto(f"{recorder.url}/calls", wait_until="commit")
    assert not silent_of(page, recorder, TRICKS)
    assert is_owned(page)
    assert recorder.foreign, "what is not for loopback is recorded"
    for name in ("refresh", "top", "javascript-frame", "form", "frameset", "refresh-evil"):
        recorder.pages[f"/{name}-page"] = hostile.drawn(hostile.LEADS[name], recorder.url)
        page = context.new_page()
        page.goto(f"{recorder.url}/{name}-page", wait_until="commit")
        assert not silent_of(page, recorder, {name})
    context.close()


def silent_of(page: Any, recorder: Recorder, tricks: set[str]) -> set[str]:
    """Those of some tricks that have not called home when they had time to."""
    silent = tricks
    for _ in range(200):
        silent = tricks - {urlsplit(asked).path.removeprefix("/") for asked in recorder.requests}
        if not silent:
            break
        page.wait_for_timeout(25)
    return silent


@pytest.fixture
def guarded(browser: Any, recorder: Recorder) -> Iterator[Any]:
    """A page with script on; in the end nobody was called, no dialog and no window was opened."""
    context = browser.new_context(viewport=DESKTOP, accept_downloads=False)
    context.set_default_timeout(10_000)
    opened: list[Any] = []
    page = context.new_page()
    context.on("dialog", lambda dialog: opened.append(dialog.message))
    context.on("page", lambda other: opened.append(other.url))
    page.goto("about:blank")
    recorder.forget()
    yield page
    page.wait_for_timeout(A_WHILE_MS)
    context.close()
    assert recorder.requests == []
    assert recorder.connections == 0
    assert opened == []


# Kin of the others, for the long run.
SLOW = {"refresh-javascript", "refresh-noscript", "refresh-evil", "javascript-frame", "link-ping",
        "link-blank", "form-top", "download"}  # fmt: skip


def by_cost(*names: str) -> list[Any]:
    return [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in names]


@pytest.mark.parametrize("name", by_cost("calls", *hostile.LEADS))
def test_an_archived_page_runs_nothing_and_calls_nobody(
    guarded: Any, trap: Trap, name: str
) -> None:
    guarded.goto(trap.page(name))
    guarded.locator("iframe").scroll_into_view_if_needed()
    guarded.frame_locator("iframe").locator("html").wait_for(state="attached")
    guarded.wait_for_timeout(A_WHILE_MS)
    assert guarded.url == trap.page(name)
    assert not is_owned(guarded)
    if name == "calls":
        assert guarded.frame_locator("iframe").locator("h1").inner_text() == "Words"
        keep(guarded, "hostile")
    guarded.goto(f"{trap.page(name)}/raw")  # and opened directly, without our frame around it
    guarded.wait_for_timeout(A_WHILE_MS)
    assert guarded.url == f"{trap.page(name)}/raw"
    assert not is_owned(guarded)


@pytest.mark.parametrize("name", by_cost(*hostile.CLICKS))
def test_a_click_in_an_archived_page_leads_nowhere(guarded: Any, trap: Trap, name: str) -> None:
    guarded.goto(trap.page(name))
    frame = guarded.locator("iframe")
    frame.scroll_into_view_if_needed()
    guarded.frame_locator("iframe").get_by_text("x").wait_for()
    frame.click()
    guarded.wait_for_timeout(A_WHILE_MS)
    assert guarded.url == trap.page(name)
    assert not is_owned(guarded)


def test_words_of_others_are_words_on_every_page(guarded: Any, trap: Trap) -> None:
    place, _, database = trap.front.partition("/-/sourcekeep/")
    ours = links_on(guarded, trap.front)
    ours = {**links_on(guarded, ours["source"]), **ours}
    ours["source on a date"] = f"{ours['source']}?on=2026-03-01"
    ours["compare"] = f"{place}/-/compare/{database}?a=1&b=2"
    ours["search"] += f"?q={quote(hostile.drawn(hostile.MARKUP, place))}"
    tables = ("snapshots", "sources_now", "entries", "captures", "lost", "changed_lately")
    for link in [*ours.values(), *(f"{place}/{database}/{name}" for name in tables)]:
        assert guarded.goto(link).status == 200, link
        assert not is_owned(guarded), link
        assert guarded.locator("[onerror]").count() == 0, link
        assert guarded.get_by_text("49", exact=True).count() == 0, "a template was made of words"


def test_the_browser_reached_nobody_but_this_machine(recorder: Recorder) -> None:
    """All that is not loopback had to go by the proxy, which saw what was let loose on purpose."""
    hosts = {urlsplit(asked if "//" in asked else f"//{asked}").hostname or ""
             for asked in recorder.foreign}  # fmt: skip
    assert {host for host in hosts if not host.endswith("evil.example")} == set()
