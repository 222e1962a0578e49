"""A folder that Datasette serves elsewhere: a public copy of the archive, with its configuration.

It is a *configuration directory* of Datasette: ``datasette FOLDER`` is enough, on 0.65 and on 1.0,
with our pages where Sourcekeep is installed and without them where not. Only what is whole gets its
name in the folder, each file by a rename; what was being made lies in ``.partial``.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml

from crawler.archive.selection.public_copy import LeftOut, Tick, write_public_copy
from crawler.dates import format_instant
from crawler.errors import ExportNotWritten, UsageError
from crawler.inspect.configuration import SETTINGS, Tree, configuration_of, merged, metadata_of
from crawler.inspect.meanings import read_meanings
from crawler.inspect.serving import refuse_unspeakable

MARK = "# Written by: sourcekeep inspect --publish. The next one replaces it.\n"
_PARTIAL = ".partial"
# What Datasette 1.0 could be asked to write; nobody may, whoever they are. (0.65 writes nothing.)
_WRITES = (
    "execute-write-sql", "create-table", "create-view", "store-query", "insert-row", "delete-row",
    "update-row", "alter-table", "set-column-type", "drop-table", "drop-view", "update-query",
    "delete-query",
)  # fmt: skip

_PLUGIN = '''"""Pages of Sourcekeep, where it is installed: pip install 'sourcekeep[inspect]'."""

try:
    from crawler.inspect.plugin import *  # noqa: F403
except ImportError:  # without them the tables, views and questions are shown all the same
    pass
'''

_README = """\
# {name}: an archive of cited sources

In this folder, Datasette shows it:

    pip install datasette
    datasette .

With `pip install 'sourcekeep[inspect]'` beside it, entries, sources and snapshots have pages of
their own. Without the conventions of a folder it is, with 0.65 and with 1.0:

    datasette -i {archive} -m metadata.yml --plugins-dir plugins
    datasette -i {archive} -m metadata.yml -c datasette.yml --plugins-dir plugins

{told} Nobody may write, and nobody may send SQL of their own; to let them, change `allow_sql` in
`metadata.yml` (0.65) or `datasette.yml` (1.0). The pages in it remain their publishers' work.
"""


@dataclass(frozen=True, slots=True)
class Published:
    """What was written."""

    folder: Path
    archive: Path
    size_bytes: int  # of the archive
    left_out: LeftOut


def publish(path: Path, folder: Path, *, now: datetime, tick: Tick) -> Published:
    """Write a folder for Datasette with a public copy of an archive; an earlier one is replaced.

    Raises UsageError for a folder that holds anything else, ExportNotWritten when the disk refuses,
    and what reading the archive raises.
    """
    refuse_unspeakable(folder / path.name)
    try:
        with _made_room(path, folder) as partial:
            copy = partial / path.name
            left_out = write_public_copy(path, copy, partial / "scratch", tick)
            (partial / "scratch").unlink()
            _write_configuration(partial, copy, left_out, now)
            _put_in_place(partial, folder, path.name)
    except (OSError, sqlite3.Error) as exc:
        raise ExportNotWritten(folder, str(exc)) from exc
    done = folder / path.name
    return Published(folder, done, done.stat().st_size, left_out)


@contextmanager
def _made_room(path: Path, folder: Path) -> Iterator[Path]:
    """Give an empty folder to work in, inside the folder; a second publication is refused."""
    _refuse_foreign(path, folder)
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    partial = folder / _PARTIAL
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise UsageError(f"{folder}: another process publishes there") from exc
        shutil.rmtree(partial, ignore_errors=True)  # of one that was killed
        partial.mkdir()
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        os.close(handle)


def _refuse_foreign(path: Path, folder: Path) -> None:
    """Raise UsageError unless the folder is absent, empty, or an earlier publication."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is no folder")
    if not folder.exists():
        return
    if (folder / path.name).exists() and (folder / path.name).samefile(path):
        raise UsageError(f"{folder}: the archive itself lies there; name a folder of its own")
    own = {path.name, _PARTIAL, *_files(path.name)}
    found = {each.name for each in folder.iterdir()}
    foreign = sorted(found - {Path(name).parts[0] for name in own})
    plugins = folder / "plugins"
    if plugins.is_dir():
        kept = {each.name for each in plugins.iterdir()} - {"sourcekeep.py", "__pycache__"}
        foreign += sorted(f"plugins/{name}" for name in kept)
    if foreign:
        shown = ", ".join(foreign[:3]) + (", …" if len(foreign) > 3 else "")
        raise UsageError(f"{folder}: holds other things ({shown}); name a folder of its own")
    if found - {_PARTIAL} and not _is_publication(folder):
        raise UsageError(f"{folder}: what lies there was not published; name a folder of its own")


def _is_publication(folder: Path) -> bool:
    try:
        return (folder / "datasette.yml").read_text(encoding="utf-8").startswith(MARK)
    except (OSError, UnicodeDecodeError):
        return False


def _files(archive: str) -> tuple[str, ...]:
    """Return what a publication consists of. The marked file comes first: what follows is ours."""
    return ("datasette.yml", "metadata.yml", "settings.json", "plugins/sourcekeep.py", "README.md",
            archive, "inspect-data.json")  # fmt: skip


def _write_configuration(partial: Path, copy: Path, left_out: LeftOut, now: datetime) -> None:
    name = copy.stem
    metadata, configuration = metadata_of(name, read_meanings()), configuration_of(name)
    told = " ".join([f"As it was at {format_instant(now)}.", *_told(left_out)])
    metadata["databases"][name]["description"] += f" {told}"
    configuration["databases"][name]["allow_sql"] = False
    for_1 = {"settings": SETTINGS, "permissions": dict.fromkeys(_WRITES, False)}
    readme = _README.format(name=name, archive=shlex.quote(copy.name), told=told)
    (partial / "plugins").mkdir()
    texts = {
        "datasette.yml": MARK + _yaml({**for_1, **configuration}),
        "metadata.yml": MARK + _yaml(merged(metadata, configuration)),
        "settings.json": json.dumps(SETTINGS, indent=2) + "\n",
        "plugins/sourcekeep.py": _PLUGIN,
        "README.md": readme,
        "inspect-data.json": json.dumps(_inspected(copy), indent=2) + "\n",
    }
    for file, text in texts.items():
        (partial / file).write_text(text, encoding="utf-8")


def _told(left_out: LeftOut) -> Iterator[str]:
    """Yield a sentence for each sort of things that are missing."""
    if left_out.sources:
        yield f"Sources that are withheld: {left_out.sources}."
    if left_out.payloads:
        yield f"Pages that forbid copies, and are left out with their text: {left_out.payloads}."


def _inspected(copy: Path) -> Tree:
    """Return what ``datasette inspect`` would: it makes the file immutable, and spares counting."""
    with closing(sqlite3.connect(f"{copy.resolve().as_uri()}?immutable=1", uri=True)) as sql:
        names = [
            name for (name,) in sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        counts = {
            name: {"count": sql.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]}
            for name in names
        }
    with copy.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = copy.stat().st_size
    return {copy.stem: {"hash": digest, "size": size, "file": copy.name, "tables": counts}}


def _put_in_place(partial: Path, folder: Path, archive: str) -> None:
    """Give what is whole its name, each file at once."""
    for file in _files(archive):
        with (partial / file).open("rb") as written:
            os.fsync(written.fileno())
    for file in _files(archive):
        (folder / file).parent.mkdir(exist_ok=True)  # not before what marks the folder as ours
        (partial / file).replace(folder / file)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they stand: SQL is to be read."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent)


def _yaml(tree: Tree) -> str:
    text: str = yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text
