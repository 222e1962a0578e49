"""``sourcekeep demo --catalogue``: is every behaviour of hosts understood?"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from crawler.archive import Archive
from crawler.cli.exits import EXIT_BROKE, EXIT_DONE
from crawler.cli.output import print_json
from crawler.dates import format_instant
from crawler.demo.catalogue import SCRIPTS, CatalogueWeb, Look, Score, Script, Step, score
from crawler.demo.catalogue.known import reason_for
from crawler.demo.catalogue.telling import tell_score
from crawler.errors import SourcekeepError
from crawler.urls import urlkey

# As a crawl of hosts that are all our own may be: no waiting, and failures are failures at once.
_SETTINGS = ("DOWNLOAD_TIMEOUT=2", "RETRY_TIMES=0", "SOURCEKEEP_WAIT_MAX_S=0")


def run_catalogue(
    path: Path, parsed: argparse.Namespace, scripts: tuple[Script, ...] = SCRIPTS
) -> int:
    """Crawl the catalogue step by step, compare, print the matrices and every miss.

    Returns 0 when there is no miss but those that are known, else 1.
    """
    with CatalogueWeb(scripts) as web:
        for step in Step:
            web.go_to(step)
            if not (parsed.quiet or parsed.json):
                print(f"crawling: {step.title}, {step.at:%d %B %Y, %H:%M}", file=sys.stderr)
            _crawl(web, path, step, parsed.settings)
        with Archive.open_for_reading(path) as archive:
            looks = read_looks(archive, web)
    found = score(scripts, looks)
    unknown = [miss for miss in found.misses if reason_for(miss) is None]
    if parsed.json:
        print_json(as_json(found))
    elif not parsed.quiet:
        print(tell_score(found), end="")
    return EXIT_BROKE if unknown else EXIT_DONE


def _crawl(web: CatalogueWeb, path: Path, step: Step, settings: Sequence[str]) -> None:
    """Run the real command in a process of its own. Raises SourcekeepError when it breaks."""
    words = [
        "crawl", *((web.index_url,) if step is Step.FIRST else ()), "--archive", str(path),
        "--now", format_instant(step.at), "--allow", "127.0.0.0/8", "--delay", "0", "--quiet",
    ]  # fmt: skip
    for pair in (*_SETTINGS, f"SOURCEKEEP_CONTROL_URLS={web.control_url}", *settings):
        words += ["-s", pair]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    log = None if not step.offline else subprocess.DEVNULL  # it warns of being offline, as it must
    done = subprocess.run(
        [sys.executable, "-m", "crawler", *words], env=environment, check=False, stderr=log
    )
    if done.returncode:
        raise SourcekeepError(f"the crawl at {step.title} ended with exit code {done.returncode}")


def read_looks(archive: Archive, web: CatalogueWeb) -> list[Look]:
    """Return what an archive says of each look at the catalogue; its runs are the steps."""
    cited: dict[str, tuple[Script, int]] = {
        urlkey(web.source_url(script, page)): (script, number)
        for script in web.scripts
        for number, page in enumerate(script.cited)
    }
    steps = dict(enumerate(Step, 1))
    looks: dict[tuple[str, int, Step], Look] = {}
    for row in archive.reading.judged_visits():
        script, number = cited[row["urlkey"]]
        step = steps[row["run"]]
        looks[script.name, number, step] = Look(
            script=script.name,
            number=number,
            step=step,
            outcome=row["outcome"],
            reasons=tuple(json.loads(row["reasons"])),
            change=row["class"],
            verdict=row["verdict"],
        )
    return list(looks.values())


def as_json(found: Score) -> dict[str, object]:
    """Return a score as JSON has it: matrices as objects of objects, misses with their reasons."""
    matrices = {"outcomes": found.outcomes, "changes": found.changes, "verdicts": found.verdicts}
    nested: dict[str, dict[str, dict[str, int]]] = {name: {} for name in matrices}
    for name, matrix in matrices.items():
        for (right, said), count in sorted(matrix.items()):
            nested[name].setdefault(right, {})[said] = count
    misses = [
        {**asdict(miss), "step": miss.step.title, "why": reason_for(miss)} for miss in found.misses
    ]
    return {
        "scripts": dict(found.scripts),
        "looks": found.looks,
        "rates": asdict(found.rates),
        "matrices": nested,
        "misses": misses,
    }
