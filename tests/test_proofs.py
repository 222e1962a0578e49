"""Manifests are stamped by calendars of OpenTimestamps, and nothing that one answers is believed
further than it can be checked."""

from __future__ import annotations

import struct
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from crawler.archive import Archive
from crawler.errors import StampRefused, UsageError
from crawler.fetching.wire.calendars import BEHIND_PUBLIC, PUBLIC, may_be_asked
from crawler.stamping import proofs
from crawler.stamping.headers import Header, check_block, read_headers
from tests.archive_kit import URL, fill, new_archive, source
from tests.crawling import Outcome, rows, sourcekeep, value
from tests.oracles import program

pytest.importorskip("opentimestamps")
from opentimestamps.calendar import DEFAULT_AGGREGATORS, DEFAULT_CALENDAR_WHITELIST
from opentimestamps.core.notary import PendingAttestation
from opentimestamps.core.op import OpAppend, OpSHA1, OpSHA256
from opentimestamps.core.timestamp import Timestamp

from tests.calendars import (
    BLOCK_TIME,
    Calendar,
    calendar,
    header_with,
    serialized,
)

HEIGHT = 870_000
NONCE = bytes(range(16))
PENDING = b"\xf0\1a\0\x83\xdf\xe3\x0d\x2e\xf9\x0c\x8e\6\5a.b/c"


@pytest.fixture
def first() -> Iterator[Calendar]:
    with calendar() as made:
        yield made


@pytest.fixture
def second() -> Iterator[Calendar]:
    with calendar() as made:
        made.salt = b"other"
        yield made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with new_archive(tmp_path) as archive:
        fill(archive)
    return archive.path


def stamp(path: Path, *words: object) -> Outcome:
    return sourcekeep("stamp", "--archive", path, "--allow", "127.0.0.0/8", *words)


def ask_all(path: Path, *calendars: Calendar, words: tuple[object, ...] = ()) -> Outcome:
    named = [word for each in calendars for word in ("--calendar", each.url)]
    return stamp(path, "--ots", *named, *words)


def kept(path: Path) -> list[bytes]:
    """The proofs that are kept, the oldest first."""
    found = rows(path, "SELECT response FROM stamps WHERE response IS NOT NULL ORDER BY id")
    return [row["response"] for row in found]


def body(path: Path) -> bytes:
    return str(value(path, "SELECT body FROM manifests ORDER BY id DESC LIMIT 1")).encode()


# ------------------------------------------------------------------ asking


def test_a_proof_is_kept_pending_and_completed_later(
    path: Path, first: Calendar, second: Calendar, tmp_path: Path
) -> None:
    outcome = ask_all(path, first, second, words=("--json",))
    assert outcome.code == 0, outcome.err + outcome.out
    told = outcome.json
    assert [each["told"] for each in told["calendars"]] == [
        f"pending at {first.url}", f"pending at {second.url}"
    ]  # fmt: skip
    assert sha256(body(path)).digest() not in first.posted + second.posted  # a nonce hides it
    assert first.posted == second.posted and len(first.posted[0]) == 32
    pending = kept(path)
    assert [str(end) for end in proofs.attestations_of(pending[0], body(path))] == [
        f"pending at {first.url}"
    ]
    waiting = stamp(path, "--upgrade")
    assert waiting.code == 0 and f"still pending at {first.url}" in waiting.out
    assert kept(path) == pending  # an answer that tells nothing new adds no row

    header, line = first.mine(HEIGHT)
    completed = stamp(path, "--upgrade", "--json")
    assert completed.code == 0, completed.out + completed.err
    assert kept(path)[:2] == pending and len(kept(path)) == 3
    [end, still] = proofs.attestations_of(kept(path)[2], body(path))
    assert end.height == HEIGHT and end.commitment == header[36:68]
    assert still.calendar == first.url
    asked = len(first.asked)
    assert stamp(path, "--upgrade").out == "nothing is pending\n" and len(first.asked) == asked

    found = Archive.verify(path)
    assert found.sound and found.stamps == 3
    [said] = found.attestations  # what waits elsewhere is not worth saying any more
    assert (said.block, said.merkle_root) == (HEIGHT, header[36:68][::-1].hex())
    assert said.made_at is None and said.manifest == told["manifest"]
    (tmp_path / "headers").write_bytes(line)
    shown = sourcekeep("verify", "--archive", path, "--headers", tmp_path / "headers")
    assert shown.code == 0 and "existed on 2026-10-26T07:33:20Z" in shown.out, shown.out
    assert "of a test network, not of Bitcoin's" in shown.out  # it has next to no work


def test_a_certificate_shows_the_proofs_of_its_manifest(
    path: Path, first: Calendar, second: Calendar
) -> None:
    assert ask_all(path, first, second).code == 0
    header, _ = first.mine(HEIGHT)
    assert stamp(path, "--upgrade").code == 0
    certificate = sourcekeep("certificate", URL, "--archive", path, "--json").json
    assert certificate["stamps"] == []
    one, other = certificate["proofs"]  # the latest of each calendar
    assert (one["calendar"], other["calendar"]) == (second.url, first.url)
    assert one["says"] == f"pending at {second.url}"
    root = header[36:68][::-1].hex()
    assert other["says"] == f"Bitcoin block {HEIGHT}, if its merkle root is {root}"
    message = certificate["manifest"]["body"].encode()
    assert proofs.attestations_of(b64decode(other["proof"]), message)[0].height == HEIGHT
    page = sourcekeep("certificate", URL, "--archive", path, "--html").out
    assert f"Bitcoin block {HEIGHT}" in page
    plain = sourcekeep("certificate", URL, "--archive", path).out
    assert f"pending at {second.url}" in plain and f"Bitcoin block {HEIGHT}" in plain


def test_it_is_done_when_enough_calendars_answer(
    path: Path, first: Calendar, second: Calendar
) -> None:
    second.status = 503
    outcome = ask_all(path, first, second, words=("--at-least", 1))
    assert outcome.code == 0, outcome.err
    assert f"no proof: {second.url}/digest: it answers with status 503" in outcome.out
    few = ask_all(path, first, second)  # two of two, unless told
    assert few.code == 1 and "too few: 1 of 2 calendars gave a proof, wanted are 2" in few.out
    assert len(kept(path)) == 2  # what came is kept all the same
    assert Archive.verify(path).sound


@contextmanager
def broken(
    *ways: tuple[Callable[[bytes], bytes], int, str],
) -> Iterator[list[tuple[Calendar, str]]]:
    """Calendars that are not broken yet, each with what will be said of it, and a way to break."""
    with ExitStack() as stack:
        yield [(stack.enter_context(calendar()), why) for _, _, why in ways]


def break_all(
    calendars: list[tuple[Calendar, str]],
    ways: tuple[tuple[Callable[[bytes], bytes], int, str], ...],
) -> None:
    for (each, _), (change, status, _) in zip(calendars, ways, strict=True):
        each.change, each.status, each.location = change, status, "http://127.0.0.1:9/"


NO_ANSWERS = (
    (lambda answer: answer + bytes(20_000), 200, "its answer has more than 10000 bytes"),
    (lambda answer: answer[:-9], 200, "is no time stamp: Tried to read"),
    (lambda answer: b"", 200, "is no time stamp: Tried to read"),
    (lambda answer: answer + b"\0", 200, "is no time stamp: Trailing garbage"),
    (lambda answer: b"<html>come in</html>", 200, "is no time stamp: Unknown operation"),
    (lambda answer: b"\x08" * 9_000, 200, "is no time stamp: Reached timestamp recursion"),
    (lambda answer: b"\xf0" + b"\xff" * 9_000, 200, "is no time stamp"),
    # well formed, but attested in a way that nobody knows
    (lambda answer: b"\0" + bytes(8) + b"\0", 200, "names neither a calendar nor a Bitcoin"),
    (lambda answer: answer, 302, "status 302, a redirect, which is not followed"),
    (lambda answer: answer, 404, "it answers with status 404"),
)
NO_UPGRADES = (
    (lambda answer: answer + bytes(20_000), 200, "its answer has more than 10000 bytes"),
    (lambda answer: answer[:-3], 200, "is no time stamp"),
    (lambda answer: b"<html>", 200, "is no time stamp"),
    (lambda answer: PENDING, 200, "names no Bitcoin block"),
    (lambda answer: answer, 301, "a redirect, which is not followed"),
    (lambda answer: answer, 500, "it answers with status 500"),
)


def test_each_answer_that_is_none_costs_one_sentence(path: Path, first: Calendar) -> None:
    with broken(*NO_ANSWERS) as calendars:
        break_all(calendars, NO_ANSWERS)
        outcome = ask_all(path, *(each for each, _ in calendars), first, words=("--at-least", 1))
    assert outcome.code == 0 and "Traceback" not in outcome.err, outcome
    lines = outcome.out.splitlines()
    assert len(lines) == len(NO_ANSWERS) + 2
    kept_rows = rows(path, "SELECT * FROM stamps ORDER BY id")
    for (each, why), line, row in zip(calendars, lines, kept_rows, strict=False):
        assert line.startswith(f"no proof: {each.url}") and why in line
        assert row["response"] is None and row["stamped_at"] is None
        assert row["authority"] == each.url and why in row["problem"]
    assert f"pending at {first.url}" in kept_rows[-1]["problem"]
    assert Archive.verify(path).sound


def test_broken_answers_to_an_upgrade_lose_nothing(path: Path) -> None:
    with broken(*NO_UPGRADES) as calendars:
        all_of_them = [each for each, _ in calendars]
        assert ask_all(path, *all_of_them).code == 0
        before = rows(path, "SELECT * FROM stamps")
        break_all(calendars, NO_UPGRADES)
        for each in all_of_them:
            each.mine(HEIGHT)
        outcome = stamp(path, "--upgrade")
        assert outcome.code == 1 and "Traceback" not in outcome.err
        for (each, why), line in zip(calendars, outcome.out.splitlines(), strict=True):
            assert line.startswith(each.url) and why in line
        assert rows(path, "SELECT * FROM stamps") == before
        for each in all_of_them:
            each.change, each.status = (lambda answer: answer), 200
        assert f"Bitcoin block {HEIGHT}" in stamp(path, "--upgrade").out


def test_a_calendar_that_answers_drop_by_drop_is_cut_off(path: Path, first: Calendar) -> None:
    first.seconds_a_byte = 0.3
    outcome = ask_all(path, first, words=("--timeout", 1))
    assert outcome.code == 1 and "no whole answer within 1 s" in outcome.out, outcome


def test_a_calendar_that_is_not_there_is_named(path: Path) -> None:
    with calendar() as gone:
        pass
    outcome = ask_all(path, gone)
    assert outcome.code == 1 and f"no proof: {gone.url}/digest: " in outcome.out


def test_calendars_are_dialled_through_the_egress_guard(path: Path, first: Calendar) -> None:
    outcome = sourcekeep("stamp", "--archive", path, "--ots", "--calendar", first.url)
    assert outcome.code == 1 and "must not be dialled (loopback)" in outcome.out
    assert not first.posted


def test_a_promise_does_not_say_whom_we_dial(path: Path, first: Calendar, second: Calendar) -> None:
    first.promises = second.url
    assert ask_all(path, first).code == 0
    outcome = stamp(path, "--upgrade")
    assert outcome.code == 1 and f"{second.url}: is no calendar that we know" in outcome.out
    assert not second.asked
    assert stamp(path, "--upgrade", "--calendar", second.url).code == 0
    assert second.asked == [first.commitment(first.posted[0]).hex()]


@pytest.mark.parametrize(
    ("calendar", "asked"),
    [
        ("https://alice.btc.calendar.opentimestamps.org", True),
        ("https://finney.calendar.eternitywall.com", True),
        ("http://alice.btc.calendar.opentimestamps.org", False),
        ("https://alice.btc.calendar.opentimestamps.org:8443", False),
        ("https://calendar.opentimestamps.org.evil.example", False),
        ("https://known.example/calendar", True),
        ("https://known.example:444/", False),
        ("https://known.example:x/", False),
        ("known.example", False),
    ],
)
def test_calendars_are_known_by_scheme_host_and_port(calendar: str, asked: bool) -> None:
    assert may_be_asked(calendar, ["https://known.example/"]) is asked


def test_the_public_calendars_are_those_of_the_reference_client() -> None:
    assert tuple(DEFAULT_AGGREGATORS) == PUBLIC
    assert {place.netloc for place in DEFAULT_CALENDAR_WHITELIST} == set(BEHIND_PUBLIC)


REFUSED: tuple[tuple[tuple[str, ...], str], ...] = (
    ((), "name an authority or --ots"),
    (("--ots", "--upgrade"), "one at a time"),
    (("--calendar", "http://a.example"), "name an authority or --ots"),
    (("--upgrade", "--at-least", "1"), "--at-least is an option of --ots"),
    (("--ots", "--headers", "x"), "--headers is an option of --upgrade"),
    (("--ots", "--calendar", "http://a.example", "--at-least", "2"), "1 calendars are asked"),
    (("--ots", "--timeout", "0"), "nothing answers in no time"),
    (("--write", "x"), "no manifest is stamped so far"),
)


def test_options_that_would_do_nothing_are_refused(path: Path) -> None:
    for words, why in REFUSED:
        outcome = stamp(path, *words)
        assert outcome.code == 2 and why in outcome.err, outcome


def test_without_the_extra_one_sentence_says_what_to_install(path: Path, first: Calendar) -> None:
    assert ask_all(path, first).code == 0
    commands = (["stamp", "--ots"], ["verify"], ["certificate", URL])
    code = (
        "import sys; sys.modules['opentimestamps'] = None; from crawler.cli import main\n"
        f"for words in {commands!r}: print('code', main([*words, '--archive', {str(path)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    asked, verified, shown, _ = done.stdout.split("code ")
    assert not asked and "pip install 'sourcekeep[ots]'" in done.stderr, done.stderr
    assert verified.startswith("2\n") and "proofs not checked: 1" in verified
    assert shown.startswith("0\n") and f"pending at {first.url}" in shown


# ------------------------------------------------------------------ checking


def completed(path: Path, calendar: Calendar) -> bytes:
    """Stamp, and wait until the proof is complete; return the line of its header."""
    assert ask_all(path, calendar).code == 0
    _, line = calendar.mine(HEIGHT)
    assert stamp(path, "--upgrade").code == 0
    return line


def test_a_block_with_another_merkle_root_proves_nothing(
    path: Path, first: Calendar, tmp_path: Path
) -> None:
    completed(path, first)
    headers = tmp_path / "headers"
    headers.write_text(f"{HEIGHT}:{header_with(bytes(32)).hex()}\n")
    found = Archive.verify(path, headers=read_headers(headers))
    [finding] = found.findings
    assert finding.kind == "stamp" and "has the merkle root 0000" in str(finding)
    assert not found.attestations[1:] and found.attestations[0].block is None
    # and the calendar is asked again, because what it said was wrong
    asked = len(first.asked)
    first.mine(HEIGHT + 1)
    assert stamp(path, "--upgrade", "--headers", headers).code == 0
    assert len(first.asked) == asked + 1
    found = Archive.verify(path, headers=read_headers(headers))
    assert found.sound and found.attestations[0].block == HEIGHT + 1
    assert any("has the merkle root 0000" in note for note in found.notes)


def test_an_upgrade_that_the_headers_deny_is_not_kept(
    path: Path, first: Calendar, tmp_path: Path
) -> None:
    assert ask_all(path, first).code == 0
    first.mine(HEIGHT)
    headers = tmp_path / "headers"
    headers.write_text(f"{HEIGHT}:{header_with(bytes(32)).hex()}\n")
    outcome = stamp(path, "--upgrade", "--headers", headers)
    assert outcome.code == 1 and "has the merkle root 0000" in outcome.out
    assert len(kept(path)) == 1


def test_a_header_without_its_work_is_refused(path: Path, first: Calendar, tmp_path: Path) -> None:
    line = completed(path, first)
    header = bytearray.fromhex(line.decode().partition(":")[2])
    header[72:76] = struct.pack("<I", 0x1D00FFFF)  # of Bitcoin's first block
    (tmp_path / "headers").write_text(f"{HEIGHT}:{header.hex()}\n")
    found = Archive.verify(path, headers=read_headers(tmp_path / "headers"))
    assert "has not the work that it claims" in str(found.findings[0])


def test_a_proof_of_another_manifest_is_damage(path: Path, first: Calendar) -> None:
    assert ask_all(path, first).code == 0
    with Archive.open(path) as archive:
        source(archive, "https://later.example/")
        archive.seal()
        archive.connection.sql.execute(
            "INSERT INTO stamps (manifest, authority, asked_at, request, response, problem)"
            " SELECT (SELECT max(id) FROM manifests), authority, asked_at, request, response,"
            " problem FROM stamps"
        )
    [finding] = Archive.verify(path).findings
    assert (finding.kind, finding.row) == ("stamp", 2) and "over other bytes" in str(finding)


def test_a_merge_brings_pending_and_completed_proofs(
    path: Path, first: Calendar, tmp_path: Path
) -> None:
    now = ("--now", "2026-11-01T12:00:00Z")
    assert ask_all(path, first, words=now).code == 0
    first.mine(HEIGHT)
    assert stamp(path, "--upgrade", *now).code == 0  # in the same second
    merged = tmp_path / "merged.db"
    outcome = sourcekeep("merge", path, "--archive", merged)
    assert outcome.code == 0, outcome.err
    assert kept(merged) == kept(path) and len(kept(merged)) == 2
    assert sourcekeep("merge", path, "--archive", merged).code == 0
    assert len(kept(merged)) == 2
    assert Archive.verify(merged).sound


# ------------------------------------------------------------------ writing


def test_the_reference_client_reads_and_verifies_the_written_proof(
    path: Path, first: Calendar, second: Calendar, tmp_path: Path
) -> None:
    ots = program("ots", "ots")
    assert ask_all(path, first, second).code == 0
    header, _ = first.mine(HEIGHT)
    assert stamp(path, "--upgrade").code == 0
    folder = tmp_path / "proofs"
    assert stamp(path, "--write", folder).code == 0
    manifest, proof = sorted(folder.iterdir())
    assert manifest.read_bytes() == body(path) and proof.name == f"{manifest.name}.ots"
    assert sorted(str(end) for end in proofs.attestations_of(proof.read_bytes(), body(path))) == [
        f"Bitcoin block {HEIGHT}, if its merkle root is {header[36:68][::-1].hex()}",
        *sorted(f"pending at {each.url}" for each in (first, second)),
    ]

    def run(*words: object) -> tuple[int, str]:
        done = subprocess.run([ots, *map(str, words)], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    code, info = run("--no-cache", "info", proof)
    assert code == 0 and f"BitcoinBlockHeaderAttestation({HEIGHT})" in info, info
    assert sha256(body(path)).hexdigest() in info and f"PendingAttestation('{second.url}')" in info
    assert header[36:68][::-1].hex() in info
    # without a node it cannot look at the block, but it holds the file against the proof
    nodeless = ("--no-cache", "--no-default-whitelist", "--no-bitcoin", "verify", proof)
    assert f"has merkleroot {header[36:68][::-1].hex()}" in run(*nodeless)[1]
    manifest.write_bytes(body(path) + b" ")
    assert "File does not match original!" in run(*nodeless)[1]


# ------------------------------------------------------------------ proofs and headers themselves


def answer_of(*, deep: int = 0) -> bytes:
    start = Timestamp(proofs.commitment_of(b"message", NONCE))
    end = start
    for _ in range(deep):
        end = end.ops.add(OpSHA256())
    end.attestations.add(PendingAttestation("https://calendar.example"))
    return serialized(start)


def test_a_proof_says_what_it_is_over() -> None:
    proof = proofs.proof_of(b"message", NONCE, answer_of())
    assert proofs.is_proof(proof)
    [end] = proofs.attestations_of(proof, b"message")
    assert end.commitment == proofs.commitment_of(b"message", NONCE)
    with pytest.raises(StampRefused, match="over other bytes"):
        proofs.attestations_of(proof, b"another")
    with pytest.raises(StampRefused, match="no proofs of one file"):
        proofs.merged([proof, proofs.proof_of(b"another", NONCE, b"\xf0\1a" + answer_of())])


def test_what_could_not_be_read_again_is_not_kept() -> None:
    """Two parts of a proof may each be shallow enough, and together too deep."""
    proof = proofs.proof_of(b"message", NONCE, answer_of(deep=250))
    [end] = proofs.attestations_of(proof)
    start = Timestamp(end.commitment)
    with calendar() as some:
        some.salt, some.posted = b"", []
        further = start
        for _ in range(20):
            further = further.ops.add(OpSHA256())
        some.posted.append(b"x")
        some.mine(HEIGHT)
        [block] = some.blocks.values()
        [(_, attestation)] = block.all_attestations()
    further.attestations.add(attestation)
    with pytest.raises(StampRefused, match="recursion"):
        proofs.completed(proof, end.commitment, serialized(start))


def test_a_proof_by_another_digest_is_refused() -> None:
    root = Timestamp(bytes(20))
    root.ops.add(OpAppend(b"x")).attestations.add(PendingAttestation("https://a.example"))
    proof = proofs.MAGIC + b"\1" + OpSHA1.TAG + bytes(20) + serialized(root)
    with pytest.raises(StampRefused, match="not SHA-256"):
        proofs.attestations_of(proof)


def test_a_changed_proof_is_refused_or_proves_something_else() -> None:
    proof = proofs.proof_of(b"message", NONCE, answer_of(deep=3))
    [whole] = proofs.attestations_of(proof, b"message")
    for place in range(len(proof)):
        for bit in (0, 3, 7):
            changed = bytearray(proof)
            changed[place] ^= 1 << bit
            try:
                ends = proofs.attestations_of(bytes(changed), b"message")
            except StampRefused:
                continue
            assert ends != [whole], f"bit {bit} of byte {place} means nothing"


def test_headers_are_read_in_each_of_their_forms(tmp_path: Path) -> None:
    first = header_with(b"\1" * 32, before=bytes(32))
    other = header_with(b"\2" * 32)
    file = tmp_path / "headers"
    file.write_bytes(first + other)  # from the first block on: places are heights
    assert read_headers(file).find(1, b"\2" * 32) == Header(other)
    with pytest.raises(StampRefused, match="has the merkle root"):
        check_block(read_headers(file), 1, b"\3" * 32)
    assert check_block(read_headers(file), 2, b"\2" * 32) is None
    file.write_bytes(other + other + first[:4] + first[4:])
    assert read_headers(file).find(700_000, b"\1" * 32) == Header(first)  # by its root
    assert read_headers(file).find(700_000, b"\3" * 32) is None
    file.write_text(f"# mine\n\n 7 : {other.hex()} \r\n8:{first.hex()}\n")
    header = read_headers(file).find(7, b"\2" * 32)
    assert header == Header(other) and int(header.made_at.timestamp()) == BLOCK_TIME
    assert header.is_easy and header.has_its_work


def test_the_first_block_of_bitcoin_has_its_known_digest() -> None:
    """The one header that everybody knows by heart (Bitcoin's chainparams)."""
    root = bytes.fromhex("4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b")[::-1]
    raw = struct.pack("<I", 1) + bytes(32) + root
    header = Header(raw + struct.pack("<III", 1231006505, 0x1D00FFFF, 2083236893))
    assert header.digest == "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
    assert header.has_its_work and not header.is_easy and header.merkle_root == root


@pytest.mark.parametrize("bits", [0, 0x01000000, 0x04800001, 0x21010000, 0xFF7FFFFF])
def test_bits_that_stand_for_no_target_ask_for_more_than_any_block_has(bits: int) -> None:
    header = Header(bytes(72) + struct.pack("<II", bits, 0))
    assert header.target == 0 and not header.has_its_work


@pytest.mark.parametrize("content", [b"", b"x" * 81, b"870000:abcd", b"no headers\n" * 3])
def test_a_file_that_holds_no_headers_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "headers"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="80 bytes each"):
        read_headers(file)
