"""How fast an export to WARC is, against warcio writing the same records; and what memory it takes.

Speed: an archive of corpus pages, each with its text, every other one seen twice, is exported by
``sourcekeep export warc``: read from SQLite, decoded, digested, described, compressed, indexed.
warcio is handed the same records in memory, and digests, compresses and writes them, nothing else;
at its own level of gzip (9), and at ours (6) for comparison. CPU seconds, each in its own process.

Memory: peaks of whole processes over archives of a thousand and of a hundred thousand small
captures, half of them revisits.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
import zlib
from datetime import timedelta
from io import BytesIO
from pathlib import Path

from corpus import corpus_of, saved_pages
from measuring import (
    ROOT,
    Figure,
    from_json,
    interleave,
    machine,
    median,
    median_ratio,
    options,
    print_figures,
    print_table,
    run,
    workplace,
)

sys.path.insert(0, str(ROOT))  # so that it runs on this checkout, installed or not

from warcio import warcwriter
from warcio.archiveiterator import ArchiveIterator
from warcio.warcwriter import WARCWriter

from crawler.archive import Archive, Selection
from crawler.dates import format_instant
from crawler.exports import wacz, warc
from crawler.exports.destination import new_file, new_folder
from crawler.exports.order import Order
from tests.archive_kit import NOW, article, begin, hop, source

PAGES, ROUNDS = 600, 3
FEW, MANY = 1_000, 100_000
FORMS = (
    "warc", "wacz", "jsonl", "csv", "markdown", "html", "timemap", "robustlinks", "hugo",
    "eleventy",
)  # fmt: skip
TEXT = "The consulates offer legal help to those who were asked to leave. " * 45  # 3 KB
PROGRAM = ROOT / "benchmarks" / "exporting.py"


def measure(shared: Path, pages: int = PAGES, rounds: int = ROUNDS) -> list[Figure]:
    """Export and write by turns; print the tables and return the figures."""
    with workplace() as folder:
        return [*speed(shared, folder, pages, rounds), *memory(folder)]


def speed(shared: Path, folder: Path, pages: int, rounds: int) -> list[Figure]:
    """Compare the speed of an export with that of warcio."""
    archive, plain = folder / "pages.db", folder / "plain.warc"
    make_pages(archive, shared, pages)
    export("warc", archive, folder / "first")
    written = sum(unpack(file, plain) for file in (folder / "first").glob("*.warc.gz"))
    samples = interleave(rounds, {
        "sourcekeep export warc": lambda: seconds("export", archive),
        "warcio, level 9": lambda: seconds("warcio", plain, 9),
        "warcio, level 6": lambda: seconds("warcio", plain, 6),
    })  # fmt: skip
    print(f"\n{pages} pages, {written / 1e6:.0f} MB of records, {rounds} rounds, {machine()}")
    print_table(
        ["", "CPU s", "MB/s"],
        [[name, median(took), written / 1e6 / median(took)] for name, took in samples.items()],
    )
    ours, theirs, _ = samples.values()
    speed = median_ratio(theirs, ours)
    return [Figure("export to WARC ÷ warcio, speed", speed, 1.0, at_least=True)]


def memory(folder: Path) -> list[Figure]:
    """Compare the peaks of exports of few and of many captures."""
    peaks = {}
    for count in (FEW, MANY):
        archive = folder / f"{count}.db"
        make_captures(archive, count)
        for form in FORMS:
            out = folder / f"{form}-{count}"
            peaks[form, count] = run("-m", "crawler", "export", form, out, "--archive", archive)
            shutil.rmtree(out) if out.is_dir() else out.unlink()
    print(f"\nmemory, {machine()}")
    print_table(
        ["", "captures", "peak MB", "CPU s"],
        [[form, count, spent.peak_mb, spent.cpu_s] for (form, count), spent in peaks.items()],
    )
    return [
        Figure(
            f"peak of {form} of {MANY:,} captures ÷ {FEW:,}",
            peaks[form, MANY].peak_mb / peaks[form, FEW].peak_mb, 1.1,
        )
        for form in FORMS
    ]  # fmt: skip


def make_pages(path: Path, shared: Path, pages: int) -> None:
    """Make an archive of corpus pages, every other one of them seen twice."""
    with Archive.open(path, create=True) as archive:
        run_id = begin(archive)
        for number, page in enumerate(saved_pages(corpus_of(shared), pages)):
            url = f"https://host{number % 200}.example/{page.id}"
            where, body = source(archive, url), page.body
            for day in range(1 + number % 2):
                seen = format_instant(NOW + timedelta(days=day))
                kept = archive.evidence.record(run_id, where, [hop(url, body, fetched_at=seen)])
                archive.articles.save(str(kept.final_payload), article(TEXT), now=seen)


def make_captures(path: Path, count: int) -> None:
    """Make an archive of so many small captures, half of them revisits."""
    with Archive.open(path, create=True) as archive:
        run_id = begin(archive)
        archive.connection.begin_group()
        for number in range(count // 10):
            url = f"https://host{number % 500}.example/{number}"
            where = source(archive, url)
            for visit in range(10):
                body = f"<h1>{number}</h1><p>{visit // 2}</p>".encode() * 20
                seen = format_instant(NOW + timedelta(hours=visit))
                archive.evidence.record(run_id, where, [hop(url, body, fetched_at=seen)])
        archive.connection.commit()


def export(form: str, archive: Path, out: Path) -> None:
    """Export everything."""
    order = Order(NOW)
    with (
        Archive.open_for_reading(archive) as opened,
        opened.selecting.select(Selection()) as selected,
    ):
        if form == "warc":
            with new_folder(out, format_name="warc", force=True) as folder:
                warc.write(selected, folder, order)
        else:
            with new_file(out, force=True) as file:
                wacz.write(selected, file, order)


def unpack(file: Path, plain: Path) -> int:
    """Add what a WARC file holds to another one, uncompressed, and return its size."""
    with plain.open("ab") as out:
        size, data = 0, file.read_bytes()
        while data:
            member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            size += out.write(member.decompress(data))
            data = member.unused_data
    return size


def seconds(what: str, *words: object) -> float:
    """Return the CPU seconds that a part took in a process of its own."""
    return float(from_json(run(PROGRAM, "--part", what, *words))["cpu_s"])


def part_export(archive: str) -> float:
    """Export an archive; return the CPU that it took."""
    with workplace() as folder:
        began = time.process_time()
        export("warc", Path(archive), folder / "out")
        return time.process_time() - began


def part_warcio(plain: str, level: str) -> float:
    """Write the records of a file by warcio, from memory; return the CPU that it took."""
    compressor = zlib.compressobj
    warcwriter.zlib.compressobj = lambda _, *rest: compressor(int(level), *rest)  # type: ignore[assignment]
    records = []
    with Path(plain).open("rb") as file:
        for record in ArchiveIterator(file):
            record.raw_stream = BytesIO(record.raw_stream.read())
            for computed in ("WARC-Block-Digest", "WARC-Payload-Digest"):
                if record.rec_type != "revisit":
                    record.rec_headers.remove_header(computed)
            record.length = record.payload_length = len(record.raw_stream.getvalue())
            records.append(record)
    for record in records:  # the iterator has read each to its end
        record.raw_stream.seek(0)
    with workplace() as folder, (folder / "out.warc.gz").open("wb") as out:
        writer = WARCWriter(out, gzip=True, warc_version="1.1")
        began = time.process_time()
        for record in records:
            writer.write_record(record)
        return time.process_time() - began


def main() -> int:
    if sys.argv[1:2] == ["--part"]:
        part = {"export": part_export, "warcio": part_warcio}[sys.argv[2]]
        print(json.dumps({"cpu_s": part(*sys.argv[3:])}))
        return 0
    parser = options(__doc__, pages=PAGES, rounds=ROUNDS)
    chosen = parser.parse_args()
    figures = measure(chosen.shared, chosen.pages, chosen.rounds)
    print_figures(figures)
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
