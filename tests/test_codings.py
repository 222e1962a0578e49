"""Content codings: what is undone, what is kept as received, and what each flag means."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
import tomllib
import zlib
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from crawler import codings
from crawler.codings import decode_body, readable_part, zstd

PAGE = (
    b"<!DOCTYPE html><html><body>"
    + b"".join(b"<p>Paragraph %d, with a number of its own: %x</p>" % (n, n**7) for n in range(500))
    + b"</body></html>"
)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


GZIP, ZLIB, RAW = gzip.compress(PAGE, mtime=0), zlib.compress(PAGE), raw_deflate(PAGE)
BROTLI, ZSTD = brotli.compress(PAGE), zstd.compress(PAGE)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(range(256))


@pytest.mark.parametrize(
    ("wire", "header"),
    [
        (PAGE, None),
        (PAGE, ""),
        (PAGE, "identity"),
        (GZIP, "gzip"),
        (GZIP, " X-GZip "),
        (ZLIB, "deflate"),
        (RAW, "deflate"),  # what RFC 9110 warns of, and old servers send
        (BROTLI, "br"),
        (ZSTD, "zstd"),
        (gzip.compress(BROTLI), "br, gzip"),
        (gzip.compress(PAGE[:99]) + gzip.compress(PAGE[99:]), "gzip"),
        (zstd.compress(PAGE[:99]) + zstd.compress(PAGE[99:]), "zstd"),
        (GZIP + b"\0" * 512, "gzip"),
        (GZIP + b"<!-- junk after the stream -->", "gzip"),
    ],
)
def test_a_sound_body_is_decoded_without_a_flag(wire: bytes, header: str | None) -> None:
    payload = decode_body(wire, header)
    assert (payload.body, payload.flags) == (PAGE, ())


@pytest.mark.parametrize(
    ("wire", "header", "flag"),
    [
        (PAGE, "gzip", "mislabelled-coding"),
        (PAGE, "br", "mislabelled-coding"),
        (PAGE, "zstd", "mislabelled-coding"),
        (PAGE, "deflate", "mislabelled-coding"),
        (BROTLI, "gzip", "mislabelled-coding"),
        (GZIP, "br", "mislabelled-coding"),
        (ZSTD, "gzip", "mislabelled-coding"),
        (ZLIB, "gzip", "mislabelled-coding"),
        (gzip.compress(GZIP), "gzip", "double-coding"),
        (gzip.compress(ZSTD), "gzip", "double-coding"),
        (PAGE, "aws-chunked", "unknown-coding:aws-chunked"),
        (GZIP, "aws-chunked, gzip", "unknown-coding:aws-chunked"),
        (PAGE, "utf-8", "unknown-coding:utf-8"),
    ],
)
def test_a_false_label_is_seen_through_and_flagged(wire: bytes, header: str, flag: str) -> None:
    payload = decode_body(wire, header)
    assert (payload.body, payload.flags) == (PAGE, (flag,))


@pytest.mark.parametrize(
    ("wire", "header", "flag"),
    [
        (GZIP[:-40], "gzip", "decode-truncated"),
        (GZIP[:-3], "gzip", "decode-truncated"),
        (ZLIB[:-40], "deflate", "decode-truncated"),
        (RAW[:-40], "deflate", "decode-truncated"),
        (BROTLI[:-40], "br", "decode-truncated"),
        (ZSTD[:-40], "zstd", "decode-truncated"),
        (b"\x1f", "gzip", "decode-truncated"),
        (GZIP[:-8] + b"\0\0\0\0" + GZIP[-4:], "gzip", "decode-error:crc"),
        (GZIP[:-4] + b"\0\0\0\0", "gzip", "decode-error:crc"),
        (ZLIB[:-4] + b"\0\0\0\0", "deflate", "decode-error:crc"),
        (GZIP[:700] + b"\xff" * 90 + GZIP[790:], "gzip", "decode-error:data"),
        (GZIP, "foo", "unknown-coding:foo"),
        (GZIP, "f\u00f6\x1b[31m" + "o" * 99, "unknown-coding:f31m" + "o" * 36),
        (PAGE, ",".join(["gzip"] * 6), "too-many-codings"),
    ],
)
def test_what_cannot_be_decoded_stays_as_received(wire: bytes, header: str, flag: str) -> None:
    payload = decode_body(wire, header)
    assert (payload.body, payload.flags) == (wire, (flag,))


def test_a_compressed_file_is_not_taken_for_a_page_that_was_coded_twice() -> None:
    archive = gzip.compress(bytes(range(256)) * 40)
    assert decode_body(gzip.compress(archive), "gzip").body == archive


@pytest.mark.parametrize("header", ["gzip", "br", "deflate", "zstd"])
def test_a_binary_file_with_a_false_label_is_kept_as_it_is(header: str) -> None:
    payload = decode_body(PDF, header)
    assert (payload.body, payload.flags) == (PDF, ("mislabelled-coding",))


def test_an_empty_body_has_no_flag() -> None:
    assert decode_body(b"", "gzip").flags == ()


def test_the_limit_is_exact() -> None:
    assert decode_body(GZIP, "gzip", limit=len(PAGE)).body == PAGE
    payload = decode_body(GZIP, "gzip", limit=len(PAGE) - 1)
    assert (payload.body, payload.flags) == (GZIP, ("decoded-too-large",))


BOMB = """
import brotli, sys, zlib
from pathlib import Path
from crawler import codings
from crawler.codings import decode_body, readable_part, zstd
packer = {
    "gzip": zlib.compressobj(9, zlib.DEFLATED, 31), "deflate": zlib.compressobj(9),
    "br": brotli.Compressor(quality=5), "zstd": zstd.ZstdCompressor(),
}[sys.argv[1]]
pack = getattr(packer, "compress", None) or packer.process
if sys.argv[1] in ("gzip", "deflate"):  # a block that refers to none before may be said again
    said = [pack(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)]
    wire = said[0] + said[1] * 1099
else:
    wire = b"".join(pack(bytes(2**20)) for _ in range(1100))
wire += packer.finish() if sys.argv[1] == "br" else packer.flush()
payload = decode_body(wire, sys.argv[1])
assert payload.flags == ("decoded-too-large",), payload.flags
assert payload.body == wire
assert readable_part(wire, sys.argv[1]) is None
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads its peak from /proc")
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_of_a_gibibyte_stops_at_the_limit(coding: str) -> None:
    command = [sys.executable, "-c", BOMB, coding]
    peak_kb = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert int(peak_kb) < 256 * 1024


@pytest.mark.parametrize(
    ("wire", "header", "least"),
    [
        (GZIP[:-40], "gzip", 0.9),
        (GZIP[:-40], None, 0.9),
        (ZLIB[:-40], "deflate", 0.9),
        (RAW[:-40], "deflate", 0.9),
        (BROTLI[: len(BROTLI) // 2], "br", 0.2),
        (BROTLI[: len(BROTLI) // 2], None, 0.2),
        (GZIP[:-8] + b"\0\0\0\0" + GZIP[-4:], "gzip", 0.99),
        (gzip.compress(GZIP)[:-40], "gzip", 0.9),
    ],
)
def test_a_reader_gets_the_part_before_the_fault(
    wire: bytes, header: str | None, least: float
) -> None:
    part = readable_part(wire, header)
    assert part is not None
    assert PAGE.startswith(part)
    assert len(part) > least * len(PAGE)


@pytest.mark.parametrize("body", [PDF, b"", bytes(range(256)) * 9, b"\x1f\x8b\x08junk"])
def test_nothing_is_read_into_what_holds_no_text(body: bytes) -> None:
    assert readable_part(body) is None


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, br"]))
def test_no_bytes_under_any_label_raise(wire: bytes, header: str) -> None:
    payload = decode_body(wire, header, limit=10_000)
    assert payload.body == wire or len(payload.body) <= 10_000
    readable_part(wire, header, limit=10_000)
    readable_part(wire, limit=10_000)


@given(st.data())
def test_a_cut_stream_never_passes_for_a_whole_one(data: st.DataObject) -> None:
    coding, wire = data.draw(
        st.sampled_from([("gzip", GZIP), ("br", BROTLI), ("zstd", ZSTD), ("deflate", ZLIB)])
    )
    payload = decode_body(wire[: data.draw(st.integers(1, len(wire) - 1))], coding)
    assert payload.flags
    assert payload.body != PAGE


def damaged_gzip(seed: int) -> bytes:
    """Return a gzip stream that is cut, has another byte somewhere, or is followed by something."""
    chance = random.Random(seed)
    wire = bytearray(gzip.compress(PAGE[: chance.randrange(1, len(PAGE))], mtime=0))
    if seed % 4 == 0:
        return bytes(wire[: chance.randrange(len(wire))])
    if seed % 4 == 1:
        return bytes(wire) + chance.choice([b"\0\0", b"junk", bytes(wire), bytes(wire[:-3])])
    at = (
        chance.randrange(len(wire)) if seed % 4 == 2 else chance.choice([*range(10), *range(-8, 0)])
    )
    wire[at] = chance.randrange(256)
    return bytes(wire)


@pytest.mark.parametrize("part", range(4))
def test_the_faster_library_says_of_no_stream_anything_else(
    part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if codings.isal_zlib is None:
        pytest.skip("there is no isal for this machine")
    wires = [damaged_gzip(seed) for seed in range(part, 600, 4)]
    faster = [decode_body(wire, "gzip", limit=20_000) for wire in wires]
    monkeypatch.setattr(codings, "isal_zlib", None)
    assert faster == [decode_body(wire, "gzip", limit=20_000) for wire in wires]
    assert len({payload.flags for payload in faster}) >= 2


def test_no_brotli_is_allowed_that_cannot_stop_a_bomb() -> None:
    # its process() takes output_buffer_limit since 1.2.0
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))
    wanted = map(Requirement, project["project"]["dependencies"])
    [allowed] = [each.specifier for each in wanted if each.name == "brotli"]
    assert "1.1.0" not in allowed and "1.2.0" in allowed
    assert brotli.__version__ in allowed
