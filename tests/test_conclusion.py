"""Visits are judged in order, from what is kept; a bad one never touches the good copy."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from crawler.archive import Archive, EndedVisit
from crawler.conclusion import Conclusion
from crawler.digests import digest_of, new_uid
from crawler.extraction.extractors import extractor_for
from crawler.items import Article, Hop, PageFacts
from crawler.verdicts import LIVE
from crawler.verdicts.state import Override
from tests.archive_kit import (
    NOW,
    URL,
    at,
    begin,
    cite,
    entry,
    gone,
    hop,
    not_modified,
    one,
    record,
    rows,
    source,
)

PARAGRAPH = (
    "The fund paid {sum} million for the new breakwater at Quillan, and the council said on Tuesday"
    " that the work would begin in spring. Fishermen had asked for it since the storm of 2009, in"
    " which eleven boats were lost and the old wall gave way in two places. The harbour master, who"
    " has kept the book of tides for thirty years, called it a late answer to an old question."
)
TEXT = PARAGRAPH.format(sum="50")
CORRECTED = PARAGRAPH.format(sum="5")
LONG = "".join(f" Paragraph {n} speaks of whales and of the {n * 7} boats." for n in range(14))


class Looks:
    """Visits to one source, each an hour or more after the one before, read and judged."""

    def __init__(self, archive: Archive, run: int, url: str = URL) -> None:
        self.archive, self.run, self.number = archive, run, source(archive, url)
        self.url, self.conclusion = url, Conclusion(archive, run)
        self.now = NOW

    def keep(self, *hops: Hop) -> EndedVisit:
        """Keep a visit as a session does, without judging it."""
        dated = [replace(h, uid=new_uid(), fetched_at=at_of(self.now)) for h in hops]
        with self.archive.writing():
            kept = self.archive.evidence.record(self.run, self.number, dated)
            self.archive.frontier.finish(None, self.number, self.now, began_at=dated[0].fetched_at)
        return self.archive.observing.visit(kept.fetches[-1])

    def look(self, *hops: Hop, after: timedelta = timedelta(hours=1)) -> str:
        """Keep, read and judge a visit; return its outcome."""
        self.now += after
        visit = self.keep(*hops)
        concluded = self.conclusion.conclude(visit, now=self.now, final=True)
        assert concluded is not None
        return concluded.outcome

    def page(self, text: str, title: str = "A harbour fund", **more: object) -> Hop:
        """A good answer with an article in it that is read already."""
        body = f"<h1>{title}</h1><p>{text}</p>".encode()
        read = Article("test 1", "text", "text/html", title=title, text=text)
        with self.archive.writing():
            self.archive.articles.save(digest_of(body), read, now=at())
            facts = PageFacts(title=title, headings=(title,), words=len(text.split()))
            self.archive.articles.save_facts(digest_of(body), facts, now=at())
        return hop(self.url, body, **more)  # type: ignore[arg-type]

    def state(self) -> dict[str, object]:
        return rows(self.archive, "SELECT * FROM sources WHERE id = ?", self.number)[0]

    def shown(self) -> str:
        snapshot = self.archive.reading.snapshot(self.number)
        assert snapshot is not None
        return str(snapshot["text"])


def at_of(moment: datetime) -> str:
    return at(seconds=(moment - NOW).total_seconds())


def test_two_versions_five_fetches_and_real_text_at_every_step(archive: Archive, run: int) -> None:
    looks = Looks(archive, run)
    wall = b"<html><title>Log in</title><form><input type=password></form></html>"
    steps = [
        (looks.page(TEXT), TEXT),
        (gone(URL), TEXT),
        (looks.page("The page you are looking for was not found.", "404 Not Found"), TEXT),
        (hop(URL, wall, status=401, outcome="paywall", reason="http-401"), TEXT),
        (looks.page(CORRECTED), CORRECTED),
    ]
    for number, (answer, expected) in enumerate(steps):
        looks.look(answer, after=timedelta(days=2))
        assert looks.shown() == expected, f"after step {number}"
    assert one(archive, "SELECT count(*) FROM versions") == 2
    assert one(archive, "SELECT count(*) FROM fetches") == 5
    assert one(archive, "SELECT count(*) FROM outcomes") == 5


def test_a_changed_number_is_a_change_that_is_told(archive: Archive, run: int) -> None:
    looks = Looks(archive, run)
    looks.look(looks.page(TEXT))
    looks.look(looks.page(CORRECTED))
    (change,) = rows(archive, "SELECT * FROM changed")
    assert (change["class"], change["told"]) == ("material", 1)
    assert "50" in change["edits"] and "5" in change["edits"]
    assert looks.state()["changes"] == 1


def test_a_text_of_which_most_was_cut_has_changed_and_not_drifted(
    archive: Archive, run: int
) -> None:
    looks = Looks(archive, run)
    looks.look(looks.page(TEXT + LONG))
    looks.look(looks.page(TEXT))
    looks.look(looks.page(TEXT), after=timedelta(days=2))
    (change,) = rows(archive, "SELECT * FROM changed")
    assert change["class"] == "cut" and change["similarity"] < 0.5
    assert looks.state()["verdict"] == "live"


def test_a_source_that_goes_back_shows_its_earlier_version_again(
    archive: Archive, run: int
) -> None:
    looks = Looks(archive, run)
    for text in (TEXT, CORRECTED, TEXT):
        looks.look(looks.page(text))
    assert one(archive, "SELECT count(*) FROM versions") == 2
    assert one(archive, "SELECT count(*) FROM changes") == 2
    assert looks.archive.versions.current(looks.number).number == 1  # type: ignore[union-attr]


def test_a_text_that_drifts_away_and_comes_back_is_live_again(archive: Archive, run: int) -> None:
    looks = Looks(archive, run)
    other = "A list of concerts in the town hall, with the prices of the seats. " * 12
    looks.look(looks.page(TEXT))
    for number in range(4):
        looks.look(looks.page(f"{other} {number}"), after=timedelta(days=4))
    assert looks.state()["verdict"] == "drifted"
    for _ in range(2):
        looks.look(looks.page(TEXT), after=timedelta(days=4))
    assert looks.state()["verdict"] == "live"


def test_a_copy_that_is_taken_back_takes_its_title_along(archive: Archive, run: int) -> None:
    """The title was that of a page which was not the source's own."""
    looks = Looks(archive, run)
    looks.look(looks.page(TEXT, "Somebody else's page"))
    assert looks.state()["title"] == "Somebody else's page"
    assert looks.conclusion.conclude_again(looks.number, now=NOW) == 1
    assert looks.state()["title"] == "Somebody else's page"  # it is accepted again
    archive.judgements.forget(looks.number)
    assert looks.state()["good_capture"] is None
    assert looks.state()["title"] == one(archive, "SELECT coalesce(label, url) FROM citations")


def test_the_same_page_again_adds_no_version_and_no_change(archive: Archive, run: int) -> None:
    looks = Looks(archive, run)
    looks.look(looks.page(TEXT))
    assert looks.look(looks.page(TEXT)) == "live"
    assert looks.look(not_modified(URL)) == "live"
    assert one(archive, "SELECT count(*) FROM versions") == 1
    assert one(archive, "SELECT count(*) FROM changes") == 0
    assert one(archive, "SELECT last_seen_at FROM versions") == at(hours=3)


def test_what_a_new_citation_rests_on_is_found_though_the_page_is_the_same(
    archive: Archive, run: int
) -> None:
    looks = Looks(archive, run)
    looks.look(looks.page(TEXT))
    looks.look(not_modified(URL))
    before = one(archive, "SELECT count(*) FROM anchors")
    summary = "Fishermen had asked for it since the storm of 2009."
    record(archive, entry(cite(URL), headline="A wall at last", locator="later", summary=summary))
    looks.look(not_modified(URL))
    assert one(archive, "SELECT count(*) FROM anchors") > before
    unchecked = "SELECT count(*) FROM anchors WHERE id NOT IN (SELECT anchor FROM standings)"
    assert one(archive, unchecked) == 0


def test_of_a_home_page_that_came_again_the_title_is_learnt_again(
    archive: Archive, run: int
) -> None:
    looks = Looks(archive, run, "https://harbour.example/")
    looks.look(looks.page(TEXT, "Harbour News"))
    archive.neighbourhood.save_title("harbour.example", "home", "Another", now=NOW)
    looks.look(looks.page(TEXT, "Harbour News"))
    assert one(archive, "SELECT title FROM host_titles") == "Harbour News"


def test_another_extractor_makes_no_change_of_the_source(archive: Archive, run: int) -> None:
    looks = Looks(archive, run)
    first = looks.page(TEXT)
    looks.look(first)
    again = Article("test 2", "text", "text/html", title="A harbour fund", text=TEXT + " More.")
    archive.articles.save(digest_of(first.body or b""), again, now=at())
    looks.look(first)
    assert one(archive, "SELECT count(*) FROM changes") == 0
    digest = one(archive, "SELECT text_digest FROM articles WHERE extractor = 'test 2'")
    assert one(archive, "SELECT text_digest FROM versions") == digest


def test_a_good_copy_of_an_older_extractor_is_read_again_before_it_is_compared(
    archive: Archive, run: int
) -> None:
    looks = Looks(archive, run)
    looks.look(looks.page(TEXT))  # read by "test 1", which is not installed any more
    good = archive.observing.good_copy(looks.number)
    visit = looks.keep(hop(URL, b"<p>Unread.</p>" * 40))
    wanted = [job.payload for job in looks.conclusion.wanting(visit)]
    assert wanted == [visit.payload, good.payload]  # type: ignore[union-attr]


def test_nothing_is_read_again_that_is_not_compared(archive: Archive, run: int) -> None:
    looks = Looks(archive, run)
    page = looks.page(TEXT)
    looks.look(page)  # read by "test 1"

    def wanted(answer: Hop) -> list[str]:
        return [job.payload for job in looks.conclusion.wanting(looks.keep(answer))]

    assert wanted(page) == [], "the same page again"
    missing = gone(URL)
    assert wanted(missing) == [digest_of(missing.body or b"")], "an error page by itself"
    today = Article(extractor_for("text/html"), "text", "text/html", text=TEXT)
    archive.articles.save(digest_of(page.body or b""), today, now=at())
    other = hop(URL, b"<p>Unread.</p>" * 40)
    assert wanted(other) == [digest_of(other.body or b"")], "what the same extractor has read"


def test_a_suspicion_waits_for_a_probe_with_nothing_written(archive: Archive, run: int) -> None:
    looks = Looks(archive, run)
    suspicious = looks.keep(looks.page("We are sorry. " * 9, "Page not found"))
    assert looks.conclusion.conclude(suspicious, now=looks.now) is None
    assert one(archive, "SELECT count(*) FROM outcomes") == 0
    assert looks.state()["unjudged_since"] is not None
    found = looks.conclusion.conclude(suspicious, now=looks.now, final=True)
    assert found is not None and found.outcome == "doubtful"
    ordinary = looks.keep(looks.page(TEXT))
    assert looks.conclusion.conclude(ordinary, now=looks.now) is not None
    assert looks.state()["unjudged_since"] is None


def test_a_visit_that_another_overtook_is_judged_in_its_turn(archive: Archive, run: int) -> None:
    """A killed run left it, and somebody judged the next before."""
    looks = Looks(archive, run)
    early = looks.keep(looks.page(TEXT))
    looks.look(looks.page(CORRECTED), after=timedelta(days=2))
    conclusion = Conclusion(archive, begin(archive))
    found = conclusion.conclude(early, now=looks.now, final=True)
    assert found is not None and found.outcome in LIVE
    assert looks.shown() == CORRECTED
    (change,) = rows(archive, "SELECT before, after FROM changes")
    assert change["before"] < change["after"]
    assert looks.state()["unjudged_since"] is None and looks.state()["verdict"] == "live"
    assert one(archive, "SELECT count(*) FROM verdicts") == 1


def test_visits_that_nobody_has_judged_become_a_history(archive: Archive, run: int) -> None:
    looks = Looks(archive, run)
    looks.keep(looks.page(TEXT))
    for _ in range(4):
        looks.now += timedelta(days=9)
        looks.keep(gone(URL))
    assert looks.conclusion.conclude_again(looks.number, now=looks.now) == 5
    assert (looks.state()["verdict"], looks.state()["unjudged_since"]) == ("vanished", None)
    assert looks.shown() == TEXT


def test_a_304_to_nothing_that_we_hold_breaks_nothing(archive: Archive, run: int) -> None:
    looks = Looks(archive, run)
    looks.look(not_modified(URL))
    assert looks.state()["good_capture"] is None
    looks.look(looks.page(TEXT))
    assert looks.shown() == TEXT


def test_vanished_takes_spaced_looks_and_its_history_is_kept(archive: Archive, run: int) -> None:
    looks = Looks(archive, run)
    looks.look(looks.page(TEXT))
    for after in (1, 1, 24, 72):
        looks.look(gone(URL), after=timedelta(hours=after))
    assert looks.state()["verdict"] == "vanished"
    states = [row["state"] for row in rows(archive, "SELECT state FROM verdicts ORDER BY id")]
    assert states == ["live", "suspected", "vanished"]
    (lost,) = rows(archive, "SELECT * FROM vanished")
    assert lost["last_proven_alive_at"] == at(hours=1)
    assert lost["first_seen_missing_at"] == at(hours=2)
    assert lost["held"] == 1


def test_what_a_person_says_stands_until_it_is_withdrawn(archive: Archive, run: int) -> None:
    looks = Looks(archive, run)
    looks.look(looks.page(TEXT))
    said = Override("usurped", "a casino, says the author", NOW)
    looks.conclusion.override(looks.number, said, now=NOW)
    looks.look(looks.page(TEXT))
    assert looks.state()["verdict"] == "usurped"
    looks.conclusion.override(looks.number, None, now=NOW)
    assert looks.state()["verdict"] == "live"
    hands = [row["by_hand"] for row in rows(archive, "SELECT by_hand FROM verdicts ORDER BY id")]
    assert hands == [0, 1, 0]


def test_judging_again_comes_to_the_same(archive: Archive, run: int) -> None:
    looks = Looks(archive, run)
    for answer in (looks.page(TEXT), gone(URL), looks.page(CORRECTED), looks.page(TEXT)):
        looks.look(answer, after=timedelta(days=1))
    derived = (
        "SELECT fetch, outcome, reasons, evidence, similarity FROM outcomes ORDER BY fetch",
        "SELECT number, text_digest, capture, first_seen_at, last_seen_at FROM versions",
        "SELECT fetch, before, after, class, told, edits FROM changes ORDER BY fetch",
        "SELECT state, since FROM verdicts",
        "SELECT good_capture, failures, verdict, changes, last_outcome FROM sources",
    )
    before = [rows(archive, query) for query in derived]
    assert looks.conclusion.conclude_again(looks.number, now=looks.now) == 4
    assert [rows(archive, query) for query in derived] == before


def test_visits_that_a_killed_run_left_are_found_oldest_first(archive: Archive, run: int) -> None:
    looks = Looks(archive, run)
    first = looks.keep(looks.page(TEXT))
    looks.now += timedelta(hours=3)
    second = looks.keep(gone(URL))
    assert archive.observing.unjudged() == [first.fetch, second.fetch]
    for fetch in archive.observing.unjudged():
        looks.conclusion.conclude(archive.observing.visit(fetch), now=looks.now, final=True)
    assert archive.observing.unjudged() == []
    assert looks.state()["unjudged_since"] is None


def test_when_half_of_a_hosts_sources_fail_it_is_the_host_that_fails(
    archive: Archive, run: int
) -> None:
    told: list[str] = []
    conclusion = Conclusion(archive, run, on_incident=lambda host, until: told.append(host))
    for number in range(6):
        looks = Looks(archive, run, f"https://down.example/{number}")
        looks.conclusion = conclusion
        looks.look(hop(looks.url, None, status=None, outcome="server-error", reason="timeout"))
    assert told == ["down.example"]
    (incident,) = rows(archive, "SELECT * FROM incidents")
    assert (incident["sources_visited"], incident["sources_failed"]) == (6, 6)
    assert one(archive, "SELECT count(*) FROM outcomes WHERE incident IS NULL") == 0


def test_pages_that_are_missing_since_ever_make_no_incident(archive: Archive, run: int) -> None:
    conclusion = Conclusion(archive, run)
    for number in range(6):
        looks = Looks(archive, run, f"https://old.example/{number}")
        looks.conclusion = conclusion
        looks.look(gone(looks.url))
    assert one(archive, "SELECT count(*) FROM incidents") == 0


def test_facts_of_a_page_come_back_as_they_were_kept(archive: Archive) -> None:
    for facts in (
        PageFacts(),
        PageFacts(free=False),
        PageFacts(free=True, headings=("A",), words=3),
    ):
        archive.articles.save_facts("sha256:" + "0" * 64, facts, now=at())
        assert archive.articles.facts_of("sha256:" + "0" * 64) == facts


def test_titles_of_error_pages_are_learnt(archive: Archive, run: int) -> None:
    looks = Looks(archive, run)
    body = b"<title>Nothing here</title>" * 3
    archive.articles.save_facts(digest_of(body), PageFacts(title="Nothing here"), now=at())
    looks.look(gone(URL, body))
    (title,) = rows(archive, "SELECT * FROM host_titles")
    assert (title["kind"], title["title"]) == ("error", "Nothing here")


def test_a_look_that_a_wrong_clock_dated_years_ahead_has_not_the_last_word(
    archive: Archive, run: int
) -> None:
    looks = Looks(archive, run)
    looks.look(looks.page(TEXT))
    looks.look(looks.page(TEXT), after=timedelta(days=4000))
    looks.now = NOW + timedelta(days=1)
    for _ in range(6):
        looks.look(gone(URL), after=timedelta(days=5))
    state = looks.state()
    assert (state["verdict"], state["failures"]) == ("vanished", 6)
    assert at(days=31) < str(state["due_at"]) < at(days=400), state["due_reason"]
