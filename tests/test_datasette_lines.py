"""The plugin under the other line of Datasette: its tests, run where Datasette 1.0 is installed."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.conftest import ROOT
from tests.crawling import environment
from tests.oracles import program

# What the two lines do differently: configuration, rendering of cells and pages, SQL functions.
SELECTED = "every_page or listing or foreign or front"
FILES = ("tests/test_inspect.py", "tests/test_inspect_snapshots.py", "tests/test_inspect_pages.py")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("selected", "at_least"),
    [(SELECTED, 10), pytest.param("not 1.0", 80, marks=pytest.mark.slow)],
    ids=["selected", "all"],
)
def test_the_plugin_passes_its_tests_under_datasette_1(selected: str, at_least: int) -> None:
    python = program("datasette-1", "python")
    ran = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", selected, *FILES],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-4000:]
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed and int(passed[1]) >= at_least


def test_the_two_lines_are_two() -> None:
    python = program("datasette-1", "python")
    asked = [python, "-c", "import datasette; print(datasette.__version__)"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert told.stdout.startswith("1.0")
