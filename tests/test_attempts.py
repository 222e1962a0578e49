"""Attempts that got no answer leave the archive as they were made, and come back."""

from __future__ import annotations

import io
import json
import subprocess
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.archive import Archive, Selection
from crawler.cli import main
from crawler.exports import jsonl
from crawler.exports.order import Order
from crawler.imports.lines import Lines
from crawler.imports.ours import ATTEMPT_FIELD, Aside, Attempted, NotUsable, attempted_in, told_on
from crawler.items import Hop
from tests.archive_kit import NOW, begin, cite, entry, hop, new_archive, one, record
from tests.judged import page
from tests.oracles import program
from tests.round_trip import FORMATS, export_all, files_of, said
from tests.test_imports import bring, own_visit, shown

HELD, NEVER, LED = (f"https://{host}.example/story" for host in ("held", "never", "led"))
HIDDEN, FORBIDDEN = "https://hidden.example/s?token=abcdefghij0123456789", "https://robots.example/"
PASSWORD = "Cookie", "session=secret"
FETCHES = (
    "SELECT f.uid, f.visit, f.hop, f.purpose, f.url, f.fetched_at, f.outcome, f.reason, f.status,"
    " f.protocol, f.request_headers, f.response_headers, f.ip_address, f.error, f.elapsed_ms,"
    " f.robots FROM fetches f WHERE f.source IS NOT NULL AND f.purpose = 'source'"
)
SAME = {
    "fetches": FETCHES,
    "failed": f"{FETCHES} AND NOT EXISTS (SELECT 1 FROM captures c WHERE c.fetch = f.id)",
    "captures": "SELECT uid, url, captured_at, payload FROM captures WHERE source IS NOT NULL",
    "outcomes": "SELECT s.urlkey, o.fetched_at, o.outcome, o.reasons FROM outcomes o"
    " JOIN sources s ON s.id = o.source",
    "sources": "SELECT urlkey, verdict, verdict_since, first_seen_missing_at"
    " FROM sources WHERE id IN (SELECT source FROM fetches WHERE purpose = 'source')",
}


def failed(url: str, day: str, outcome: str, reason: str, **more: Any) -> Hop:
    """An attempt that got no answer."""
    values: dict[str, Any] = {
        "status": None, "response_headers": (), "wire_digest": None, "wire_size_bytes": None,
        "mime_declared": None, "mime_sniffed": None, "fetched_at": f"2024-{day}T10:00:00Z",
        "error": f"{reason} in words", "elapsed_ms": 7,
    }  # fmt: skip
    return hop(url, None, outcome=outcome, reason=reason, **{**values, **more})


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with attempts of each kind, and its exports in each format."""
    folder = tmp_path_factory.mktemp("attempts")
    with new_archive(folder) as archive:
        urls = (HELD, NEVER, LED, HIDDEN, FORBIDDEN)
        record(archive, entry(*(cite(url, url.split("/")[2]) for url in urls)))
        held, never, led, hidden, forbidden = (
            one(archive, "SELECT source FROM source_spellings WHERE url = ?", url) for url in urls
        )
        good = {"request_headers": (("User-Agent", "test (+mailto:me@mine.example)"),)}
        own_visit(
            archive, held,
            failed(HELD, "03-01", "server-error", "timeout"),
            hop(HELD, page(), fetched_at="2024-03-01T10:01:00Z", **good),
        )  # fmt: skip
        for day in ("04-01", "04-02", "04-05", "04-20", "05-10", "06-20"):
            own_visit(archive, held, failed(HELD, day, "dead-host", "nxdomain"))
        own_visit(archive, never, failed(NEVER, "03-02", "refused-by-us", "blocked-address"))
        moved = (("Location", NEVER),)
        own_visit(
            archive, led,
            hop(LED, b"", status=302, outcome="redirect", reason="http-302",
                response_headers=moved, fetched_at="2024-03-03T10:00:00Z"),
            failed(NEVER, "03-03", "dead-host", "refused", hop=1),
        )  # fmt: skip
        own_visit(archive, hidden, failed(HIDDEN, "03-04", "server-error", "reset"))
        own_visit(archive, forbidden, failed(
            FORBIDDEN, "03-05", "robots-excluded", "robots", robots="disallow sha256:00 rule"
        ))  # fmt: skip
        run = begin(archive)
        control = failed("http://control.example/", "03-06", "local-fault", "no-route")
        for purpose, number, url in (
            ("control", None, "http://control.example/"),
            ("robots", None, FORBIDDEN + "robots.txt"),
            ("rescue", never, "https://web.archive.org/web/2024id_/" + NEVER),
        ):  # fmt: skip
            each = failed(url, "03-06", control.outcome, control.reason, purpose=purpose,
                          request_headers=(PASSWORD,))  # fmt: skip
            archive.evidence.record(run, number, [each])
        archive.withholding.withhold(hidden, "private", now=NOW)
    export_all(folder / "archive.db", folder)
    return folder


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def warc_records(folder: Path) -> list[tuple[str, dict[str, str], bytes]]:
    found = []
    for file in files_of(folder, "warc"):
        for each in ArchiveIterator(io.BytesIO(file.read_bytes()), check_digests="raise"):
            found.append((each.rec_type, dict(each.rec_headers.headers), each.raw_stream.read()))
    return found


def test_a_line_of_an_attempt_has_no_capture_and_stands_where_it_was_made(first: Path) -> None:
    told = lines(first / "out.jsonl")
    assert len(told) == one_of(first, "SELECT count(*) FROM fetches")
    made = [uid for (uid,) in shown(first / "archive.db", "SELECT uid FROM fetches ORDER BY id")]
    assert [line["fetch"]["uid"] for line in told] == made
    failures = [line for line in told if line["capture"] is None]
    assert {line["fetch"]["reason"] for line in failures} == {
        "timeout", "nxdomain", "blocked-address", "refused", "reset", "robots", "no-route",
    }  # fmt: skip
    assert all(list(line) == list(told[1])[: len(line)] for line in failures), "keys in one order"
    assert "body" not in failures[0] and failures[0]["text"] is None
    [robots] = [line for line in failures if line["fetch"]["robots"]]
    assert robots["source"]["verdict"] == "unknown" and robots["judgement"]["reasons"] == ["robots"]
    assert robots["citations"][0]["label"] == "robots.example"


def one_of(folder: Path, query: str) -> Any:
    [(value,)] = shown(folder / "archive.db", query)
    return value


def test_warc_tells_of_them_in_metadata_records_of_their_own(first: Path) -> None:
    records = warc_records(first)
    answers = {headers["WARC-Record-ID"] for kind, headers, _ in records if kind == "response"}
    alone = [(h, body) for kind, h, body in records if kind == "metadata" and ATTEMPT_FIELD in body]
    assert len(alone) == one_of(
        first, "SELECT count(*) FROM fetches WHERE id NOT IN (SELECT fetch FROM captures)"
    )
    headers, body = next(each for each in alone if each[0]["WARC-Target-URI"] == FORBIDDEN)
    assert headers["WARC-Date"] == "2024-03-05T10:00:00Z"
    assert headers["Content-Type"] == "application/warc-fields"
    assert not {"WARC-Concurrent-To", "WARC-Refers-To"} & set(headers)
    fields = dict(line.split(": ", 1) for line in body.decode().splitlines())
    facts = json.loads(fields.pop("sourcekeep-attempt"))
    assert fields == {
        "outcome": "robots-excluded", "reasons": "robots", "error": "robots in words",
        "robots": "disallow sha256:00 rule", "verdict": "unknown",
        "cited-by": "2017-03-04 Mexico opens centers",
    }  # fmt: skip
    assert facts["capture"] is None and facts["fetch"]["url"] == FORBIDDEN
    ids = [headers["WARC-Record-ID"] for headers, _ in alone]
    assert len(set(ids)) == len(ids) and not answers & set(ids)


@pytest.mark.parametrize("format_name", FORMATS)
def test_what_was_attempted_comes_back_as_it_was(
    first: Path, tmp_path: Path, format_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    back = tmp_path / "back.db"
    files = files_of(first, format_name)
    bring(back, "--add-sources", "--strict", "--json", *files)
    counts = json.loads(capsys.readouterr().out)
    assert said(back, SAME) == said(first / "archive.db", SAME)
    assert counts["attempts"] == 11 and counts["not_pages"] == 1, "that at a web archive stays away"
    assert shown(back, "SELECT verdict FROM sources WHERE url = ?", HELD) == [("vanished",)]
    due = shown(back, "SELECT due_at, last_outcome FROM sources WHERE url = ?", NEVER)
    assert due == [(None, None)], "the schedule is that of our own visits"
    bring(back, "--add-sources", "--json", *files)
    again = json.loads(capsys.readouterr().out)
    assert (again["attempts"], again["captures"]) == (0, 0)
    assert said(back, SAME) == said(first / "archive.db", SAME)
    assert Archive.verify(back).sound


def test_an_archive_takes_in_no_attempt_that_it_gave_out(
    first: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = said(first / "archive.db", SAME)
    for format_name in FORMATS:
        bring(first / "archive.db", "--json", *files_of(first, format_name))
        assert json.loads(capsys.readouterr().out)["attempts"] == 0
    assert said(first / "archive.db", SAME) == before


def test_of_a_source_that_was_forgotten_no_attempt_comes_back(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with new_archive(tmp_path) as archive:
        record(archive, entry(cite(NEVER)))
        archive.withholding.forget(1, "a court", now=NOW)
    bring(archive.path, "--json", first / "out.jsonl")
    assert json.loads(capsys.readouterr().out)["forgotten"] == 1
    assert shown(archive.path, "SELECT count(*) FROM fetches") == [(0,)]


@pytest.mark.parametrize("format_name", FORMATS)
def test_what_may_be_passed_on_tells_no_secret_and_nothing_of_the_machine(
    first: Path, tmp_path: Path, format_name: str
) -> None:
    export_all(first / "archive.db", tmp_path, "--public")
    data = b"".join(
        body for _, _, body in warc_records(tmp_path)
    ) if format_name == "warc" else (tmp_path / "out.jsonl").read_bytes()  # fmt: skip
    for secret in (b"abcdefghij0123456789", b"in words", b"control.example", b"mine.example"):
        assert secret not in data, secret
    assert b"session=secret" not in (first / "out.jsonl").read_bytes()
    told = [line for line in lines(tmp_path / "out.jsonl") if line["capture"] is None]
    assert [line["fetch"]["reason"] for line in told].count("nxdomain") == 6
    hidden = next(line for line in told if line["source"] and "hidden" in line["source"]["url"])
    assert hidden["source"]["url"].endswith("token=REDACTED")


def test_filters_narrow_attempts_as_they_do_captures(first: Path) -> None:
    def asked(**words: Any) -> list[tuple[str, str]]:
        with (
            Archive.open_for_reading(first / "archive.db") as archive,
            archive.selecting.select(Selection(**words)) as selected,
        ):
            out = io.BytesIO()
            jsonl.write(selected, out, Order(NOW))
            found = [json.loads(line) for line in out.getvalue().splitlines()]
            assert len(found) == len(selected) + selected.attempts
            return [(line["fetch"]["url"], line["fetch"]["fetched_at"][5:10]) for line in found]

    assert asked(hosts=("never.example",)) == [
        (NEVER, "03-02"), ("https://web.archive.org/web/2024id_/" + NEVER, "03-06")
    ]  # fmt: skip
    assert asked(hosts=("held.example",), since="2024-04-20T00:00:00Z") == [
        (HELD, "04-20"), (HELD, "05-10"), (HELD, "06-20")
    ]  # fmt: skip
    assert asked(nearest=True) == [(HELD, "03-01"), (HELD, "03-01")], "the retry of a visit, too"
    assert asked(verdicts=("vanished",), until="2024-03-31T00:00:00Z") == asked(nearest=True)


def test_a_source_that_never_answered_can_be_exported_alone(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--archive", str(first / "archive.db"), "--source", FORBIDDEN]
    assert main(["export", "jsonl", str(tmp_path / "a.jsonl"), *words]) == 0
    assert capsys.readouterr().out.startswith("0 captures and 1 attempt without an answer exported")
    assert main(["export", "csv", str(tmp_path / "a.csv"), *words]) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("outcome", "live"), ("outcome", "redirect"), ("outcome", "splendid"), ("uid", "1"),
        ("visit", None), ("url", "javascript:alert(1)"), ("fetched_at", "soon"), ("hop", -1),
        ("reason", "<b>"), ("purpose", "sources"),
    ],
)  # fmt: skip
def test_an_attempt_of_which_a_value_is_wrong_is_told_and_not_taken(
    first: Path, name: str, value: object
) -> None:
    [line] = [each for each in lines(first / "out.jsonl") if each["fetch"]["reason"] == "refused"]
    assert isinstance(told_on(json.dumps(line).encode())[0], Attempted)
    line["fetch"][name] = value
    changed = json.dumps(line).encode()
    assert attempted_in(ATTEMPT_FIELD + b": " + changed) is None
    with pytest.raises(NotUsable):
        told_on(changed)


def test_what_belongs_to_no_visit_of_a_source_is_passed_over(first: Path) -> None:
    with (first / "out.jsonl").open("rb") as file:
        told = [line.told for line in Lines(file, "out.jsonl", cap=2**20).read()]
    assert told.count(Aside.NO_SOURCE) == 2 and told.count(Aside.NO_VISIT) == 1


def test_attempts_are_written_one_by_one(tmp_path: Path) -> None:
    with new_archive(tmp_path) as archive:
        record(archive, entry(cite(HELD)))
        run = begin(archive)
        with archive.writing():
            for _ in range(1_500):
                missing = failed(HELD, "03-01", "dead-host", "nxdomain")
                archive.evidence.record(run, 1, [missing])
    with (
        Archive.open_for_reading(archive.path) as opened,
        opened.selecting.select(Selection()) as selected,
        (tmp_path / "out").open("wb") as out,
    ):
        tracemalloc.start()
        jsonl.write(selected, out, Order(NOW))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    # garbage that waits to be collected is some 0.5 MB, however many there are; all would be 8
    assert most < (tmp_path / "out").stat().st_size / 2


# --- programs of others ---


def test_wacz_validate_has_nothing_against_it(first: Path) -> None:
    python = program("wacz", "python")
    code = "import sys; from wacz.main import main; sys.exit(main(['validate','-f',sys.argv[1]]))"
    done = subprocess.run(
        [python, "-c", code, first / "out.wacz"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_pywb_finds_the_captures_and_no_attempt(first: Path) -> None:
    files = files_of(first, "warc")
    done = subprocess.run(
        [program("pywb", "cdx-indexer"), "-j", "-s", *files], check=True, capture_output=True
    )
    theirs = [line.split()[:2] for line in done.stdout.decode().splitlines()]
    ours = (first / "out" / "index.cdxj").read_text().splitlines()
    of_pages = [each for each in theirs if not each[0].startswith("urn:text:")]
    assert of_pages == [line.split()[:2] for line in ours] and of_pages
