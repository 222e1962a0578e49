"""A calendar of OpenTimestamps on loopback, and a small chain of blocks that it waits for."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.op import OpAppend, OpPrepend, OpSHA256
from opentimestamps.core.serialize import BytesSerializationContext
from opentimestamps.core.timestamp import Timestamp

EASY_BITS = 0x207FFFFF  # of regtest: every second header has the work
BLOCK_TIME = 1_793_000_000  # 2026-10-26T07:33:20Z


def serialized(timestamp: Timestamp) -> bytes:
    context = BytesSerializationContext()
    timestamp.serialize(context)
    return bytes(context.getbytes())


def digest(data: bytes) -> bytes:
    return sha256(sha256(data).digest()).digest()


def header_with(root: bytes, *, bits: int = EASY_BITS, before: bytes = bytes([7] * 32)) -> bytes:
    """Mine a header: 80 bytes with the root of a block, and the work that its bits ask for."""
    for nonce in range(2**20):
        header = struct.pack("<I", 1) + before + root + struct.pack("<III", BLOCK_TIME, bits, nonce)
        if int.from_bytes(digest(header), "little") < 0x7FFFFF << 8 * 29:
            return header
    raise AssertionError("no header was found")


@dataclass
class Calendar:
    """What the calendar was sent, what it says, and what it does instead."""

    url: str = ""
    salt: bytes = b"salt"
    posted: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    blocks: dict[bytes, Timestamp] = field(default_factory=dict)  # by commitment
    status: int = 200
    change: Callable[[bytes], bytes] = lambda answer: answer
    location: str | None = None
    seconds_a_byte: float = 0.0
    promises: str | None = None  # another address in its promise

    def promise(self, sent: bytes) -> bytes:
        """Answer to POST /digest as the reference server does: some operations, then a promise."""
        root = Timestamp(sent)
        end = root.ops.add(OpAppend(self.salt)).ops.add(OpSHA256())
        end.attestations.add(PendingAttestation(self.promises or self.url))
        self.posted.append(sent)
        return serialized(root)

    def commitment(self, sent: bytes) -> bytes:
        return sha256(sent + self.salt).digest()

    def mine(self, height: int, **header: int) -> tuple[bytes, bytes]:
        """Put all that was sent into a block; return its header and a line of a headers file."""
        for sent in self.posted:
            start = Timestamp(self.commitment(sent))
            # a transaction that holds it, and the way up a tree of two transactions
            wrapped = start.ops.add(OpPrepend(b"tx")).ops.add(OpSHA256()).ops.add(OpSHA256())
            top = wrapped.ops.add(OpAppend(bytes(32))).ops.add(OpSHA256()).ops.add(OpSHA256())
            top.attestations.add(BitcoinBlockHeaderAttestation(height))
            self.blocks[start.msg] = start
            root = top.msg
        made = header_with(root, **header)
        return made, f"{height}:{made.hex()}\n".encode()


@contextmanager
def calendar() -> Iterator[Calendar]:
    """Serve a calendar on a port of loopback."""
    made = Calendar()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/digest"
            self._answer(made.promise(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            what, _, commitment = self.path.lstrip("/").partition("/")
            assert what == "timestamp"
            made.asked.append(commitment)
            found = made.blocks.get(bytes.fromhex(commitment))
            if found is None:
                self._answer(b"Pending confirmation in Bitcoin blockchain", 404)
            else:
                self._answer(serialized(found))

        def _answer(self, content: bytes, status: int = 200) -> None:
            content = made.change(content)
            self.send_response(made.status if status == 200 else status)
            if made.location:
                self.send_header("Location", made.location)
            self.end_headers()
            try:
                for byte in content if made.seconds_a_byte else ():
                    self.wfile.write(bytes([byte]))
                    time.sleep(made.seconds_a_byte)
                self.wfile.write(b"" if made.seconds_a_byte else content)
            except OSError:  # whoever asked has gone
                pass

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
