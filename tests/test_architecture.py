"""The layer rule of docs/architecture.md, and that no two rooms import each other in a circle."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "crawler"

LAYERS = {
    "items": 0, "errors": 0, "": 0,
    "urls": 1, "dates": 1, "digests": 1, "entries": 1, "extraction": 1, "verdicts": 1,
    "schedule": 1, "timers": 1, "comparison": 1, "addresses": 1, "codings": 1, "robotstxt": 1,
    "passages": 1, "stamping": 1, "mementos": 1,
    "archive": 2, "exports": 2,
    "fetching": 3, "spiders": 3, "extensions": 3, "demo": 3, "intake": 3,
    "conclusion": 3, "rescue": 3, "reporting": 3, "inspect": 3, "imports": 3,
    "settings": 4, "cli": 4, "__main__": 4,
}  # fmt: skip
ADAPTERS = {  # library -> the rooms that may import it
    "sqlite_utils": {"archive"},
    # the command line knows its errors, the plugin is handed its connections; neither its SQL
    "sqlite3": {"archive", "cli", "inspect"},
    "trafilatura": {"extraction"},
    "pypdf": {"extraction"},
    "ada_url": {"urls"},
    "dateutil": {"dates"},
    "rfc3161_client": {"stamping"},
    "opentimestamps": {"stamping"},
    "cryptography": {"stamping", "exports"},
    "apprise": {"reporting"},
    "datasette": {"inspect"},
    "warcio": {"exports", "imports"},
    "surt": {"exports"},
    "uvicorn": {"inspect"},
    "yaml": {"entries", "inspect"},
    "markdown_it": {"entries"},
    "scrapy": {"fetching", "spiders", "extensions", "settings", "cli"},
    "twisted": {"fetching", "spiders", "extensions", "settings", "cli"},
}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(module: str) -> str:
    return module.partition(".")[2].partition(".")[0]


MODULES = {module_name(path): path for path in PACKAGE.rglob("*.py")}


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Every module that a file imports; ``from crawler import x`` counts as crawler.x."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (submodules & MODULES.keys()) or {node.module}
        elif isinstance(node, ast.ImportFrom):
            raise AssertionError(f"{path}: relative imports hide the room; write the full name")
    return frozenset(found)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_go_downward_only(module: str) -> None:
    assert room(module) in LAYERS, f"{module}: give this room a layer in docs and here"
    upward = {
        target
        for target in imports_of(MODULES[module])
        if target.split(".")[0] == "crawler" and LAYERS[room(target)] > LAYERS[room(module)]
    }
    assert not upward, f"{module} imports from a higher layer: {sorted(upward)}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_library_is_imported_by_its_adapter_only(module: str) -> None:
    foreign = {
        target
        for target in imports_of(MODULES[module])
        if room(module) not in ADAPTERS.get(target.split(".")[0], {room(module)})
    }
    assert not foreign, f"{module} must not import {sorted(foreign)}"


def test_no_room_imports_another_in_a_circle() -> None:
    rooms: dict[str, set[str]] = defaultdict(set)
    for module, path in MODULES.items():
        for target in imports_of(path):
            if target.split(".")[0] == "crawler" and room(target) != room(module):
                rooms[room(module)].add(room(target))
    TopologicalSorter(rooms).prepare()  # raises CycleError with the circle in it


INNER_ROOMS = {  # of rooms that have rooms of their own -> those beside them that they may import
    "archive.writing": set(),
    "archive.seals": set(),
    "archive.verification": {"archive.seals"},
    "archive.elsewhere": set(),
    "archive.compaction": set(),
    "archive.queries": {"archive.elsewhere"},
    "archive.selection": {"archive.queries", "archive.writing"},
    "archive.merge": set(),
    "fetching.wire": set(),
    "fetching.run": {"fetching.wire"},
    "inspect.shown": set(),
}  # fmt: skip


def inner_room(module: str) -> str:
    """The room within a room in which a module lies; "" for what lies beside those."""
    found = ".".join(module.split(".")[1:3])
    return found if found in INNER_ROOMS else ""


@pytest.mark.parametrize("module", sorted(m for m in MODULES if inner_room(m)))
def test_rooms_within_a_room_import_only_what_they_may(module: str) -> None:
    beside = {t for t in imports_of(MODULES[module]) if room(t) == room(module)}
    rooms = {inner_room(target) for target in beside}
    foreign = rooms - {"", inner_room(module)} - INNER_ROOMS[inner_room(module)]
    assert not foreign, f"{module} imports from {sorted(foreign)}"


@pytest.mark.parametrize("module", sorted(m for m in MODULES if inner_room(m) == "inspect.shown"))
def test_what_pages_show_is_read_without_datasette(module: str) -> None:
    imported = imports_of(MODULES[module])
    beside = {t for t in imported if room(t) == "inspect" and inner_room(t) != "inspect.shown"}
    assert not beside
    assert not {"datasette", "jinja2"} & {target.split(".")[0] for target in imported}


def test_no_module_imports_another_in_a_circle() -> None:
    graph = {
        module: {t for t in imports_of(path) if t in MODULES and t != module}
        for module, path in MODULES.items()
    }
    TopologicalSorter(graph).prepare()


# What a command that only reads the archive has no use for; a person waits for each of them.
IDLE = {
    "scrapy", "twisted", "asyncio", "lxml", "markdown_it", "yaml", "trafilatura", "sqlite_utils",
    "crawler.entries.reading", "crawler.comparison.comparing", "crawler.verdicts.judging",
    "crawler.mementos.examining",
}  # fmt: skip


def test_a_command_that_reads_the_archive_imports_no_reader_judge_or_crawler() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import sys, crawler.cli.status; print(*sys.modules)"],
        cwd=PACKAGE.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = set(told.stdout.split())
    assert "crawler.archive" in imported
    assert not imported & IDLE
