"""The catalogue of behaviours: its scripts are sound, and a crawl understands them."""

from __future__ import annotations

import argparse
import http.client
import io
import json
import re
import socket
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from crawler.archive import Archive
from crawler.cli.catalogue import read_looks, run_catalogue
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
from tests.crawling import sourcekeep

pytestmark = [
    pytest.mark.xdist_group("catalogue"),
    pytest.mark.timeout(900),  # one crawl of all of it: 60 s of CPU time; of a third of it: 25
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


@dataclass(frozen=True)
class Crawled:
    """What the command prints of some scripts, and the same read again from its archive."""

    scripts: tuple[Script, ...]
    code: int
    printed: dict[str, Any]
    found: Score


def read(path: Path, scripts: tuple[Script, ...], code: int, printed: str) -> Crawled:
    with Archive.open_for_reading(path) as archive:
        (source,) = archive.inputs.enabled()
        web = CatalogueWeb(scripts, port=urlsplit(source.locator).port or 0)
        found = score(scripts, read_looks(archive, web))
    return Crawled(scripts, code, json.loads(printed), found)


def crawl_all(path: Path) -> Crawled:
    done = sourcekeep("demo", "--catalogue", "--json", "--archive", path, timeout=900)
    return read(path, SCRIPTS, done.code, done.out)


def crawl_some(path: Path) -> Crawled:
    scripts, printed = every_third(SCRIPTS), io.StringIO()
    with redirect_stdout(printed):
        wanted = argparse.Namespace(json=True, quiet=False, settings=[])
        code = run_catalogue(path, wanted, scripts)
    return read(path, scripts, code, printed.getvalue())


def every_third(scripts: tuple[Script, ...]) -> tuple[Script, ...]:
    """The first script of each family, and every third after it."""
    families: dict[str, list[Script]] = defaultdict(list)
    for script in scripts:
        families[script.family].append(script)
    return tuple(script for family in families.values() for script in family[::3])


@pytest.fixture(scope="module", params=["some", pytest.param("all", marks=pytest.mark.slow)])
def crawled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    path = tmp_path_factory.mktemp("catalogue") / "catalogue.db"
    return crawl_all(path) if request.param == "all" else crawl_some(path)


@pytest.fixture
def found(crawled: Crawled) -> Score:
    return crawled.found


def test_nothing_that_is_withheld_was_called_vanished_or_usurped(found: Score) -> None:
    assert found.rates.withheld_vanished == 0


def test_nothing_was_called_vanished_before_its_evidence_was_there(found: Score) -> None:
    assert found.rates.vanished_early == 0


def test_no_verdict_changed_while_we_were_offline(crawled: Crawled) -> None:
    found = crawled.found
    assert found.outcomes["local-fault", "local-fault"] > len(crawled.scripts) / 3
    assert not [m for m in found.misses if m.step.offline and reason_for(m) is None]


def test_soft_404_is_seen_and_hardly_ever_where_it_is_not(found: Score) -> None:
    assert found.rates.soft_404_precision >= 0.98
    assert found.rates.soft_404_recall >= 0.90


def test_every_planted_fact_is_told(crawled: Crawled) -> None:
    rates = crawled.found.rates
    assert rates.planted == sum(script.family in PLANTED for script in crawled.scripts) > 20
    assert rates.planted_found == rates.planted


def test_noise_is_hardly_ever_told_as_material(found: Score) -> None:
    assert found.rates.noise > 30
    assert found.rates.noise_material <= 0.02 * found.rates.noise


def test_every_miss_is_known_with_a_reason(crawled: Crawled) -> None:
    assert crawled.code == 0
    assert not [miss for miss in crawled.found.misses if reason_for(miss) is None]


def test_the_command_says_what_the_archive_says(crawled: Crawled) -> None:
    printed, found = crawled.printed, crawled.found
    assert printed["looks"] == found.looks
    assert printed["rates"] == asdict(found.rates)
    assert len(printed["misses"]) == len(found.misses)


@pytest.mark.slow
@pytest.mark.parametrize("crawled", ["all"], indirect=True)
def test_what_is_known_as_a_miss_is_one(found: Score) -> None:
    """Else a reason would outlive what it explains."""
    assert {(miss.script, miss.kind) for miss in found.misses} == KNOWN.keys()


@pytest.mark.slow
@pytest.mark.parametrize("crawled", ["all"], indirect=True)
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
