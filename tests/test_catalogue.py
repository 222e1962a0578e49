"""The catalogue of behaviours: its scripts are sound, and a crawl understands them."""

from __future__ import annotations

import http.client
import socket
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from crawler.comparison.change import CHANGES
from crawler.demo.catalogue import SCRIPTS, CatalogueWeb, Cited, Script, Step
from crawler.demo.catalogue.scoring import PLANTED, WITHHELD
from crawler.demo.catalogue.stories import in_language, list_kinds, tell
from crawler.demo.catalogue.web import headline_of
from crawler.demo.catalogue.wordings import LANGUAGES
from crawler.verdicts.outcomes import OUTCOMES
from crawler.verdicts.state import STATES

pytestmark = [
    pytest.mark.xdist_group("catalogue"),
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
