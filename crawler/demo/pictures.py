"""Small binary files, made here: a PNG of the sea and a PDF of a text."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from textwrap import wrap

WIDTH, HEIGHT = 320, 180
_LINES_PER_PAGE = 44
_LETTERS_PER_LINE = 84


@cache
def draw_sea(name: str) -> bytes:
    """Return a PNG: a sky, a sun, a sea; the name decides the hour of the day."""
    seed = zlib.crc32(name.encode())
    sun_x, sun_y = 40 + seed % 240, 30 + seed % 60
    warmth = 120 + seed % 100
    rows = bytearray()
    for y in range(HEIGHT):
        rows.append(0)  # this row is not filtered
        for x in range(WIDTH):
            rows += bytes(_colour(x, y, sun_x, sun_y, warmth))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)  # 8 bits, true colour
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, data) for kind, data in chunks)


def _colour(x: int, y: int, sun_x: int, sun_y: int, warmth: int) -> tuple[int, int, int]:
    horizon = 110
    if (x - sun_x) ** 2 + (y - sun_y) ** 2 < 400:
        return 255, 240, 190
    if y < horizon:
        return min(255, warmth + y), 150 + y // 2, 190 + y // 3
    glitter = 60 if abs(x - sun_x) < (y - horizon) // 2 + 6 and (x // 3 + y) % 4 == 0 else 0
    depth = (y - horizon) // 2
    return 30 + glitter * 2, 90 - depth + glitter, 120 - depth + glitter


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def print_pdf(title: str, paragraphs: tuple[str, ...]) -> bytes:
    """Return a PDF 1.4 of a text in Helvetica, as many pages as it needs."""
    lines = [title, ""]
    for paragraph in paragraphs:
        lines += [*wrap(paragraph, _LETTERS_PER_LINE), ""]
    pages = [lines[n : n + _LINES_PER_PAGE] for n in range(0, len(lines), _LINES_PER_PAGE)]
    first_page = 4  # objects: 1 catalogue, 2 page tree, 3 font, then a page and its content in turn
    kids = " ".join(f"{first_page + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, page_lines in enumerate(pages):
        content = _pdf_content(page_lines)
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            b"/Resources << /Font << /F1 3 0 R >> >> "
            b"/Contents %d 0 R >>" % (first_page + 2 * number + 1),
            b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        ]
    return _pdf_file(objects)


def _pdf_content(lines: list[str]) -> bytes:
    shown = b"".join(b"(%b) Tj T*\n" % _pdf_text(line) for line in lines)
    return b"BT /F1 11 Tf 16 TL 64 770 Td\n%bET" % shown


def _pdf_text(line: str) -> bytes:
    escaped = line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return escaped.encode("cp1252", "replace")


def _pdf_file(objects: list[bytes]) -> bytes:
    data = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    data += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    data += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(data)
