"""The catalogue of behaviours: its scripts are sound, and a crawl understands them."""

from __future__ import annotations

import http.client
import re
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crawler.archive import Archive
from crawler.cli.catalogue import read_looks
from crawler.comparison.change import CHANGES
from crawler.demo.catalogue import SCRIPTS, CatalogueWeb, Cited, Score, Script, Step, score
from crawler.demo.catalogue.known import KNOWN, reason_for
from crawler.demo.catalogue.scoring import PLANTED, WITHHELD
from crawler.demo.catalogue.stories import in_language, list_kinds, tell
from crawler.demo.catalogue.telling import tell_score
from crawler.demo.catalogue.web import headline_of
from crawler.demo.catalogue.wordings import LANGUAGES
from crawler.verdicts.outcomes import OUTCOMES
from crawler.verdicts.state import STATES
from tests.crawling import Outcome, sourcekeep

pytestmark = [
    pytest.mark.xdist_group("catalogue"),
    pytest.mark.timeout(900),  # one crawl of all of it: 50 s of CPU time
    pytest.mark.skipif(sys.platform != "linux", reason="needs all of 127.0.0.0/8 to be local"),
]

CITED = [(script, cited) for script in SCRIPTS for cited in script.cited]


@pytest.fixture(scope="module")
def web() -> Iterator[CatalogueWeb]:
    with CatalogueWeb(SCRIPTS) as running:
        yield running


# --- the scripts ----------------------------------------------------------------------------------


def test_every_outcome_of_a_visit_is_right_somewhere() -> None:
    right = {outcome for _, cited in CITED for outcome in cited.golden.outcomes.values()}
    # offline, the web answers nothing; a redirect and a robots.txt end no visit
    assert right == OUTCOMES.keys() - {"local-fault", "redirect", "robots"}


def test_every_class_of_change_is_right_somewhere() -> None:
    right = {change for _, cited in CITED for change in cited.golden.changes.values()}
    # no change of the source, or none that is kept as one
    assert right == CHANGES.keys() - {"same-text", "extractor-change"}


def test_every_state_is_right_somewhere() -> None:
    assert {s for _, cited in CITED for s in cited.golden.states.values()} == STATES.keys()


def test_there_are_enough_scripts_and_their_names_and_headlines_are_their_own() -> None:
    assert len(SCRIPTS) >= 80
    assert len({script.name for script in SCRIPTS}) == len(SCRIPTS)
    assert len({headline_of(*pair).casefold() for pair in CITED}) == len(CITED)


def test_not_found_is_said_in_many_languages() -> None:
    assert len(LANGUAGES) >= 5
    assert {f"soft-{language}" for language in LANGUAGES} <= {s.name for s in SCRIPTS}


def test_no_address_tells_what_is_about_to_happen() -> None:
    """Else a rule that reads URLs would be helped: "/soft-404/…" is a sign of a soft 404."""
    told = ("404", "not-found", "notfound", "error", "gone", "wall", "consent", "login", "casino")
    telling = [script.name for script, cited in CITED if any(w in cited.path for w in told)]
    assert telling == ["titled-not-found"]  # an article about one: its title is in its address


@pytest.mark.parametrize("kind", list_kinds())
def test_each_fact_of_a_story_stands_in_its_prose(kind: str) -> None:
    story = tell(kind, "test")
    assert story == tell(kind, "test") != tell(kind, "another")
    for fact in story.facts.keys() - {"title", "author"}:
        assert story.but(**{fact: "Ωmega"}).text.paragraphs != story.text.paragraphs, fact
    assert story.but(author="Ωmega").text.author == "Ωmega"
    assert story.but(title="About $place").text.title == f"About {story.facts['place']}"
    assert 150 <= len(" ".join(story.text.paragraphs).split()) <= 500
    with pytest.raises(KeyError):
        story.but(colour="red")


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_articles_in_other_languages_are_pleasant_in_length(language: str) -> None:
    text = in_language(language)
    assert text.language == language
    assert 250 <= len("".join(text.paragraphs)) <= 2000


def test_what_is_planted_must_be_told_as_material() -> None:
    planted = [script for script in SCRIPTS if script.family in PLANTED]
    assert len(planted) > 60
    assert all(script.cited[0].golden.changes == {Step.TURN: "material"} for script in planted)


def test_nothing_that_is_withheld_may_vanish() -> None:
    withheld = [cited for script, cited in CITED if script.family in WITHHELD]
    assert len(withheld) > 30
    for cited in withheld:
        assert not {"vanished", "usurped"} & set(cited.golden.states.values())


# --- the web --------------------------------------------------------------------------------------


def ask(web: CatalogueWeb, script: Script, cited: Cited) -> int:
    parts = urlsplit(web.source_url(script, cited))
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=3)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_each_page_that_is_live_answers_200_or_leads_on(web: CatalogueWeb) -> None:
    web.go_to(Step.FIRST)
    for script, cited in CITED:
        if cited.golden.outcomes[Step.FIRST] == "live-unverified":
            assert ask(web, script, cited) in (200, 302), script.name


def test_each_status_that_says_gone_is_one(web: CatalogueWeb) -> None:
    web.go_to(Step.TURN)
    for script, cited in CITED:
        if cited.golden.outcomes.get(Step.TURN) == "gone":
            assert ask(web, script, cited) in (302, 404, 410), script.name


def test_hosts_go_deaf_and_hear_again_by_the_clock(web: CatalogueWeb) -> None:
    deaf = {script.name: script for script in SCRIPTS if script.deaf}
    revived = deaf["dead-revived"]
    for step, listens in ((Step.FIRST, True), (Step.TURN, False), (Step.LATE, True)):
        web.go_to(step)
        if listens:
            assert ask(web, revived, revived.cited[0]) == 200
        else:
            with pytest.raises(ConnectionRefusedError):
                ask(web, revived, revived.cited[0])


def test_when_we_are_offline_nothing_answers(web: CatalogueWeb) -> None:
    web.go_to(Step.OUTAGE)
    for url in (web.control_url, web.index_url, web.source_url(*CITED[0])):
        parts = urlsplit(url)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2)
    web.go_to(Step.FIRST)
    assert ask(web, *CITED[0]) == 200


# --- what a crawl makes of it ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Score]:
    """What the command prints, and the same read again from its archive."""
    path = tmp_path_factory.mktemp("catalogue") / "catalogue.db"
    done = sourcekeep("demo", "--catalogue", "--json", "--archive", path, timeout=900)
    with Archive.open_for_reading(path) as archive:
        (source,) = archive.ledger.inputs()
        web = CatalogueWeb(SCRIPTS, port=urlsplit(source.locator).port or 0)
        return done, score(SCRIPTS, read_looks(archive, web))


@pytest.fixture
def found(crawled: tuple[Outcome, Score]) -> Score:
    return crawled[1]


def test_nothing_that_is_withheld_was_called_vanished_or_usurped(found: Score) -> None:
    assert found.rates.withheld_vanished == 0


def test_nothing_was_called_vanished_before_its_evidence_was_there(found: Score) -> None:
    assert found.rates.vanished_early == 0


def test_no_verdict_changed_while_we_were_offline(found: Score) -> None:
    assert found.outcomes["local-fault", "local-fault"] > 100
    assert not [m for m in found.misses if m.step.offline and reason_for(m) is None]


def test_soft_404_is_seen_and_hardly_ever_where_it_is_not(found: Score) -> None:
    assert found.rates.soft_404_precision >= 0.98
    assert found.rates.soft_404_recall >= 0.90


def test_every_planted_fact_is_told(found: Score) -> None:
    assert found.rates.planted == sum(script.family in PLANTED for script in SCRIPTS)
    assert found.rates.planted_found == found.rates.planted


def test_noise_is_hardly_ever_told_as_material(found: Score) -> None:
    assert found.rates.noise > 100
    assert found.rates.noise_material <= 0.02 * found.rates.noise


def test_every_miss_is_known_with_a_reason(found: Score) -> None:
    assert not [miss for miss in found.misses if reason_for(miss) is None]


def test_what_is_known_as_a_miss_is_one(found: Score) -> None:
    """Else a reason would outlive what it explains."""
    assert {(miss.script, miss.kind) for miss in found.misses} == KNOWN.keys()


def test_the_command_says_what_the_archive_says(crawled: tuple[Outcome, Score]) -> None:
    done, found = crawled
    assert done.code == 0, done.err
    assert done.json["looks"] == found.looks
    assert done.json["rates"] == asdict(found.rates)
    assert len(done.json["misses"]) == len(found.misses)


def test_the_documentation_has_the_matrices_of_today(found: Score) -> None:
    """The same cells are filled and the same misses named; how many looks there are may differ.

    The schedule draws a few hours by the digest of each URL, and the port is another each time.
    """
    page = Path(__file__).parent.parent / "docs" / "catalogue.md"
    mark = "sourcekeep demo --catalogue -->\n\n"
    _, _, printed = page.read_text(encoding="utf-8").partition(mark)
    advice = "write what `sourcekeep demo --catalogue` prints into docs/catalogue.md"
    assert without_counts(printed) == without_counts(tell_score(found)), advice


def without_counts(told: str) -> list[list[str]]:
    """The cells of a report, numbers as "n"; without the row of noise, which is drawn by chance."""
    return [
        [re.sub(r"\b\d+(\.\d+)?\b", "n", cell.strip(" -")) for cell in line.split("|")]
        for line in told.splitlines()
        if "**nothing told**" not in line
    ]
