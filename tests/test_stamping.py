"""A manifest is stamped by a real authority of RFC 3161, and by none that is not believed."""

from __future__ import annotations

import shutil
import subprocess
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from crawler.archive import Archive
from crawler.stamping import rfc3161
from tests.archive_kit import URL, fill, new_archive, source
from tests.crawling import rows, sourcekeep, value

pytest.importorskip("rfc3161_client")
OPENSSL = shutil.which("openssl") or ""
pytestmark = pytest.mark.skipif(not OPENSSL, reason="openssl, the authority, is not installed")

_CONFIG = """
[tsa]
dir = {folder}
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.4146.2.3
digests = sha256
ess_cert_id_alg = sha256
[tsa_extensions]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
basicConstraints = CA:false
"""


def openssl(*words: object) -> None:
    subprocess.run([OPENSSL, *map(str, words)], check=True, capture_output=True)


@dataclass
class Authority:
    """A time-stamp authority on loopback, run by openssl."""

    folder: Path
    url: str = ""
    asked: list[bytes] = field(default_factory=list)
    change: Callable[[bytes], bytes] = lambda answer: answer
    status: int = 200

    def answer(self, query: bytes) -> bytes:
        self.asked.append(query)
        asked, made = self.folder / "query", self.folder / "answer"
        asked.write_bytes(query)
        openssl(
            "ts", "-reply", "-queryfile", asked, "-out", made, "-config", self.folder / "config",
            "-section", "tsa", "-signer", self.folder / "tsa.pem", "-inkey",
            self.folder / "tsa.key",
        )  # fmt: skip
        return self.change(made.read_bytes())


def make_authority(folder: Path) -> None:
    (folder / "config").write_text(_CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Test root", "-days", "9",
        "-keyout", folder / "ca.key", "-out", folder / "ca.pem",
    )  # fmt: skip
    openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Test authority",
        "-keyout", folder / "tsa.key", "-out", folder / "tsa.csr",
    )  # fmt: skip
    openssl(
        "x509", "-req", "-in", folder / "tsa.csr", "-CA", folder / "ca.pem", "-CAkey",
        folder / "ca.key", "-CAcreateserial", "-days", "9", "-out", folder / "tsa.pem",
        "-extfile", folder / "config", "-extensions", "tsa_extensions",
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("authority")
    make_authority(made)
    return made


@pytest.fixture
def authority(folder: Path) -> Iterator[Authority]:
    made = Authority(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/timestamp-query"
            body = made.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(made.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/tsa"
    Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with new_archive(tmp_path) as archive:
        fill(archive)
    return archive.path


def stamp(path: Path, authority: Authority, *words: object) -> list[object]:
    return [
        "stamp", authority.url, "--ca", authority.folder / "ca.pem", "--archive", path,
        "--allow", "127.0.0.0/8", *words,
    ]  # fmt: skip


def test_a_stamp_is_checked_kept_and_part_of_certificates(
    path: Path, authority: Authority, tmp_path: Path
) -> None:
    outcome = sourcekeep(*stamp(path, authority, "--json"))
    assert outcome.code == 0, outcome.err + outcome.out
    [kept] = rows(path, "SELECT * FROM stamps")
    assert kept["stamped_at"] == outcome.json["stamped_at"] and kept["problem"] is None
    assert kept["request"] == authority.asked[0]
    head = value(path, "SELECT digest FROM manifests ORDER BY number DESC LIMIT 1")
    assert outcome.json["manifest"] == head
    found = Archive.verify(path)
    assert found.sound and found.stamps == 1
    certificate = sourcekeep("certificate", URL, "--archive", path, "--json").json
    [stamped] = certificate["stamps"]
    # somebody else's program accepts it over the body that stands in the certificate
    body, response = tmp_path / "body", tmp_path / "response"
    body.write_text(certificate["manifest"]["body"], encoding="utf-8")
    response.write_bytes(b64decode(stamped["response"]))
    openssl("ts", "-verify", "-in", response, "-data", body, "-CAfile", authority.folder / "ca.pem")
    # and so it does with the files that are written of it
    folder = tmp_path / "written"
    assert sourcekeep("stamp", "--write", folder, "--archive", path).code == 0
    manifest, query, reply = sorted(folder.iterdir())
    assert manifest.read_bytes() == body.read_bytes() and query.suffix == ".tsq"
    roots = ("-CAfile", authority.folder / "ca.pem")
    openssl("ts", "-verify", "-in", reply, "-data", manifest, *roots)
    openssl("ts", "-verify", "-in", reply, "-queryfile", query, *roots)


def test_what_is_written_later_is_sealed_after_the_stamp(path: Path, authority: Authority) -> None:
    assert sourcekeep(*stamp(path, authority)).code == 0
    with Archive.open(path) as archive:
        source(archive, "https://later.example/")
    found = Archive.verify(path)
    assert found.sound and found.stamps == 1 and not found.unsealed
    assert sourcekeep(*stamp(path, authority)).code == 0
    manifests = rows(path, "SELECT DISTINCT manifest FROM stamps")
    assert len(manifests) == 2


@pytest.mark.parametrize(
    ("change", "status", "why"),
    [
        (lambda answer: b"no stamp", 200, "no time stamp"),
        (lambda answer: answer[:-8] + bytes(8), 200, "does not hold"),
        (lambda answer: answer, 500, "status 500"),
        (lambda answer: bytes(2**20 + 1), 200, "more than"),
    ],
)
def test_an_answer_that_does_not_hold_is_told_and_kept(
    path: Path, authority: Authority, change: Callable[[bytes], bytes], status: int, why: str
) -> None:
    authority.change, authority.status = change, status
    outcome = sourcekeep(*stamp(path, authority))
    assert outcome.code == 1 and why in outcome.out, outcome
    [kept] = rows(path, "SELECT stamped_at, problem FROM stamps")
    assert kept["stamped_at"] is None and why in kept["problem"]
    assert Archive.verify(path).sound


def test_the_answer_to_an_earlier_request_is_refused(path: Path, authority: Authority) -> None:
    answers: list[bytes] = []

    def replay(answer: bytes) -> bytes:
        answers.append(answer)
        return answers[0]

    authority.change = replay
    assert sourcekeep(*stamp(path, authority)).code == 0
    outcome = sourcekeep(*stamp(path, authority))
    assert outcome.code == 1 and "does not hold" in outcome.out


def test_an_authority_under_another_root_is_refused(
    path: Path, authority: Authority, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Other", "-days", "9",
        "-keyout", other / "ca.key", "-out", other / "ca.pem",
    )  # fmt: skip
    outcome = sourcekeep(*stamp(path, authority, "--ca", other / "ca.pem"))
    assert outcome.code == 1 and "does not hold" in outcome.out


def test_a_private_address_is_dialled_only_when_allowed(path: Path, authority: Authority) -> None:
    words = ["stamp", authority.url, "--ca", authority.folder / "ca.pem", "--archive", path]
    outcome = sourcekeep(*words)
    assert outcome.code == 1 and "must not be dialled (loopback)" in outcome.out
    assert not authority.asked


def test_a_stamp_of_another_manifest_is_damage(path: Path, authority: Authority) -> None:
    assert sourcekeep(*stamp(path, authority)).code == 0
    with Archive.open(path) as archive:
        source(archive, "https://later.example/")
        archive.seal()
        sql = archive.connection.sql
        head = "(SELECT max(id) FROM manifests)"
        sql.execute(
            f"INSERT INTO stamps (manifest, authority, asked_at, stamped_at, request, response)"
            f" SELECT {head}, authority, asked_at, stamped_at, request, response FROM stamps"
        )
    [finding] = Archive.verify(path).findings
    assert (finding.kind, finding.row) == ("stamp", 2)


@pytest.mark.parametrize(
    "address", ["notaurl", "ftp://tsa.example/", "https://", "https://me@tsa.example/",
                "https://tsa.example:port/", "http://[::1/"],
)  # fmt: skip
def test_an_authority_that_is_no_web_address_is_wrong_usage_and_nothing_is_kept(
    path: Path, address: str
) -> None:
    for words in ((address,), ("--ots", "--calendar", address)):
        outcome = sourcekeep("stamp", *words, "--archive", path)
        assert outcome.code == 2 and outcome.out == ""
        assert outcome.err == (
            f"sourcekeep: {address} cannot be asked: write an http or https address without a user"
            " name\n"
        )
    assert not rows(path, "SELECT * FROM stamps")


def test_a_root_with_the_serial_number_0_is_read_without_a_warning(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Zero", "-days", "9",
        "-set_serial", "0", "-keyout", tmp_path / "ca.key", "-out", tmp_path / "ca.pem",
    )  # fmt: skip
    [root] = rfc3161.read_roots(tmp_path / "ca.pem")
    assert not [str(each.message) for each in recwarn]
    assert root.serial_number == 0
