"""The process that extracts: ``python -m crawler.extraction.worker``, started by the pool.

It reads request frames from stdin and answers on stdout, one payload at a time, until stdin ends;
or it is a fork server, whose children do so over a socket each (``forkserver``). Payloads are
hostile, so a worker gives up what it does not need before the first one: memory beyond 1 GiB, CPU
time beyond each request's share, sockets and child processes, core dumps, its priority, and life
after its parent.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import resource
import socket
import sys
import time
from importlib.abc import MetaPathFinder
from inspect import unwrap
from math import ceil
from pathlib import Path
from typing import BinaryIO

from crawler.errors import ExtractionFailed
from crawler.extraction import forkserver, interruption
from crawler.extraction.article import read_facts, read_payload
from crawler.extraction.frames import (
    LENGTHS,
    Header,
    extraction_to_json,
    fields_of,
    header_of,
    packed,
)
from crawler.extraction.quicker import quicker
from crawler.items import Extraction

MEMORY_BYTES = 2**30  # of address space; a normal page needs 170 MB, 14 MB of markup 550 MB
NICENESS = 5
# Extraction makes many objects and hardly a circle of them: Python's own thresholds (700, 10, 10)
# cost 4 % of it for the same peak memory.
GC_THRESHOLD = (20_000, 20, 20)
_REFUSED = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "pty.")
_WARM_UP = b"""<!DOCTYPE html><html lang="en"><head><title>Warm-up</title></head><body><article>
<h1>Warm-up</h1><p>Published on 3 March 2020 by Nobody.</p><p>Half of the time of a first page goes
into the regular expressions of dates and names, which are compiled when they are first used.</p>
</article></body></html>"""


# A date in no language: dateparser loads the data of all its 205 for the first of them, which takes
# 1.3 s of CPU. One page in 27 has a date for which it would.
_ODD_DATE = b"""<!DOCTYPE html><html><head><title>An odd date</title></head><body><article>
<h1>An odd date</h1><p class="date">12 xyzzyabc 2020</p><p>It is in no language at all.</p>
</article></body></html>"""
_LANGUAGES, _FIRST = "dateparser.data.date_translation_data.", "en"


class Unlearned(BaseException):
    """A page needs the languages of dates, and the fork server has not loaded them yet.

    No Exception, as Interrupted is none.
    """


def main() -> None:
    """Serve requests until stdin ends, or fork those who do."""
    if sys.argv[-1] == forkserver.FORK_SERVER:
        forkserver.die_with_parent()
        quieten()
        os.nice(NICENESS)
        warm_up()
        forkserver.serve(live_forked, learn)
        return
    requests, replies = take_pipes()
    forkserver.die_with_parent()
    os.nice(NICENESS)
    confine()
    warm_up()
    live(requests, replies)


def live(requests: BinaryIO, replies: BinaryIO) -> None:
    """Serve requests in a process that is confined and warm."""
    interruption.heed(
        during=(_all.__code__, _facts.__code__),
        never_in=(send.__code__, unwrap(quicker).__code__),
        not_now=lambda: send(replies, {"not_now": True}),
    )
    send(replies, {"ready": True})
    serve(requests, replies)


def live_forked(theirs: socket.socket) -> None:
    """Be a worker that was forked: with the priority and the silence of the fork server."""
    both = theirs.detach()
    confine()
    if not any(name.startswith(_LANGUAGES) for name in sys.modules):
        sys.meta_path.insert(0, _AskFirst())
    live(os.fdopen(os.dup(both), "rb"), os.fdopen(both, "wb"))


class _AskFirst(MetaPathFinder):
    """Stands before all finders of modules, and lets no second language be imported.

    Each worker would take as long for them as the fork server, which does it once for all.
    """

    def find_spec(self, name: str, *_: object) -> None:
        if name.startswith(_LANGUAGES) and name != _LANGUAGES + _FIRST:
            raise Unlearned


def take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return stdin and stdout as streams of our own; what libraries print goes to stderr."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123  a descriptor is wanted, not a path
        os.dup2(nothing.fileno(), 0)
    quieten()
    return requests, replies


def quieten() -> None:
    """Let what libraries print go to stderr, and hush those that tell something once a page."""
    os.dup2(2, 1)
    logging.basicConfig(level=logging.ERROR)
    for chatty in ("trafilatura", "htmldate"):  # "discarding data", once a page
        logging.getLogger(chatty).setLevel(logging.CRITICAL + 1)


def confine() -> None:
    """Give up for good what extracting does not need."""
    with contextlib.suppress(ValueError, OSError):  # a lower limit is set already
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_refuse)


def _refuse(event: str, _: tuple[object, ...]) -> None:
    """Audit hook: no network and no processes, whichever library asks (PEP 578)."""
    if event.startswith(_REFUSED):
        raise PermissionError(f"an extraction worker may not use {event}")


def warm_up() -> None:
    """Bring the first page's cost forward to the start."""
    _read_and_keep(_WARM_UP)
    gc.set_threshold(*GC_THRESHOLD)


def learn() -> None:
    """Have the languages of dates loaded."""
    _read_and_keep(_ODD_DATE)


def _read_and_keep(body: bytes) -> None:
    read_payload(body, url="http://x/", content_type="text/html", fetched_on="2026-01-01")
    gc.collect()
    gc.freeze()  # shared with those who are forked, too: no collection touches it any more


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer each request: perhaps a preliminary article, then a final one."""
    while (lengths := requests.read(LENGTHS.size)) and len(lengths) == LENGTHS.size:
        header_size, body_size = LENGTHS.unpack(lengths)
        request = header_of(requests.read(header_size))
        body = requests.read(body_size)
        if len(body) < body_size:  # the parent died while it wrote
            return
        limit_cpu(int(request["cpu_seconds"]))
        answer(request, body, replies)


def answer(request: Header, body: bytes, replies: BinaryIO) -> None:
    """Send what was read from a body, or the reason why nothing was."""
    try:
        found = (
            _facts(request, body) if request["rung"] == "facts" else _all(request, body, replies)
        )
    except interruption.Interrupted:
        send(replies, {"final": True, "failure": "put-off", **usage()})
    except Unlearned:
        send(replies, {"final": True, "failure": "unlearned", **usage()})
    except MemoryError:
        send(replies, {"final": True, "failure": "memory", **usage()})
    except ExtractionFailed as exc:
        send(replies, {"final": True, "failure": exc.reason, **usage()})
    except Exception:  # a fault of ours; the page must not cost the worker
        logging.getLogger("crawler.extraction").exception("extracting %s", request["url"])
        send(replies, {"final": True, "failure": "error", **usage()})
    else:
        send(replies, {"final": True, **found, **usage()})


def _facts(request: Header, body: bytes) -> Header:
    """Return the facts alone: what is wanted of the body of an error answer."""
    facts = read_facts(body, url=request["url"], content_type=request["content_type"])
    return {"facts": fields_of(facts) if facts is not None else None}


def _all(request: Header, body: bytes, replies: BinaryIO) -> Header:
    """Return article and facts; a preliminary article is sent on the way."""

    def send_text(found: Extraction) -> None:
        send(replies, {"final": False, "found": extraction_to_json(found)})

    found = read_payload(
        body,
        url=request["url"],
        content_type=request["content_type"],
        fetched_on=request["fetched_on"],
        rung=request["rung"],
        on_text=send_text,
    )
    return {"found": extraction_to_json(found)}


def limit_cpu(seconds: int) -> None:
    """Let the kernel end this process (SIGXCPU) after so many more seconds of CPU.

    A signal handler would not do: libxml2 does not let it run.
    """
    soft = ceil(time.process_time()) + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard == resource.RLIM_INFINITY or soft < hard:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def usage() -> Header:
    """Return what this process has used so far."""
    return {"peak_mb": _peak_kb() // 1024}


def _peak_kb() -> int:
    """Return the largest resident size so far.

    From /proc where there is one: on Linux ``ru_maxrss`` is inherited from the parent through exec.
    """
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def send(replies: BinaryIO, header: Header) -> None:
    """Write one frame."""
    replies.write(packed(header))
    replies.flush()


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        main()
