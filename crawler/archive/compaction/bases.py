"""Which payload is a good base for which: judged by compressing, quickly, and counting bytes."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import brotli  # type: ignore[import-untyped]

from crawler.errors import PayloadDamaged

try:
    from compression import zstd  # Python 3.14
except ImportError:
    from backports import zstd

# Trials rank bases as the final level does: on 94 real pages and 24 bases the choice at level 3 was
# worth 0.758 of gzip-6 at level 19, that at level 6 0.762 for four times the CPU (2026-11-22).
TRIAL_LEVEL = 3
# Measured on pages of 250 hosts (2026-11-22): zstd 19 alone 1.00 (40 ms), brotli 11 0.90 (110 ms),
# 10 0.92 (70 ms), 9 1.00 (20 ms), xz 0.96 (66 ms). brotli knows HTML from the beginning.
QUALITY = 11
ZSTD_VERSION, BROTLI_VERSION = str(zstd.zstd_version), str(brotli.__version__)
# Dictionaries held prepared, by their content; prepared at both levels they take some ten times it.
READY_MAX_BYTES = 12 * 2**20

Load = Callable[[str], bytes]  # digest -> payload


class Bases:
    """Payloads as dictionaries, the latest used held ready.

    zstd works without Python's lock, so trials run on all cores.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._ready: OrderedDict[str, zstd.ZstdDict] = OrderedDict()
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="pack")

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def compress(self, body: bytes, level: int, base: str | None = None) -> bytes:
        """Return a frame, a delta when a base is named that ``trials`` found readable."""
        return _compress(body, level, self._dictionary(base) if base else None)

    def whole(self, body: bytes) -> bytes:
        """Return a brotli stream: the smallest that a payload gets without another one."""
        return bytes(brotli.compress(body, quality=QUALITY))

    def trials(self, body: bytes, digests: Iterable[str]) -> dict[str, int]:
        """Return what a body takes as a delta of each payload, quickly compressed.

        Those that cannot be read are left out: they rotted, or were withheld.
        """
        found = {digest: self._dictionary(digest) for digest in digests}
        held = {digest: dictionary for digest, dictionary in found.items() if dictionary}
        sizes = self._pool.map(lambda dictionary: _size(body, dictionary), held.values())
        return dict(zip(held, sizes, strict=True))

    def alone(self, body: bytes) -> int:
        """Return what a body takes without a base, quickly compressed."""
        return _size(body, None)

    def _dictionary(self, digest: str) -> zstd.ZstdDict | None:
        if digest not in self._ready:
            try:
                content = self._load(digest)
            except (KeyError, PayloadDamaged):
                return None
            self._ready[digest] = zstd.ZstdDict(content, is_raw=True)
        self._ready.move_to_end(digest)
        found = self._ready[digest]
        while len(self._ready) > 1 and sum(map(len, self._ready.values())) > READY_MAX_BYTES:
            self._ready.popitem(last=False)
        return found

    def choose(self, bodies: Sequence[bytes], count: int, weight: float) -> list[int]:
        """Return which of the bodies, at most ``count``, serve the others best as bases.

        Each body stands for ``weight`` like it. Greedy: each base is the one that saves most beside
        those chosen before it, less what it could itself have saved as a delta of one of them.
        """
        alone = list(self._pool.map(self.alone, bodies))
        sizes = []  # by base, then by body
        for number, base in enumerate(bodies):
            dictionary = zstd.ZstdDict(base, is_raw=True)
            sizes.append(list(self._pool.map(partial(_size, dictionary=dictionary), bodies)))
            sizes[-1][number] = alone[number]
        best, chosen = alone, list[int]()
        while sizes and len(chosen) < count:
            gains = [
                weight * (sum(best) - sum(map(min, best, row))) - (alone[number] - best[number])
                for number, row in enumerate(sizes)
            ]
            number = gains.index(max(gains))
            if gains[number] <= 0:
                break
            chosen.append(number)
            best = list(map(min, best, sizes[number]))
        return chosen


def _size(body: bytes, dictionary: zstd.ZstdDict | None) -> int:
    return len(_compress(body, TRIAL_LEVEL, dictionary))


def _compress(body: bytes, level: int, dictionary: zstd.ZstdDict | None) -> bytes:
    # Prepared ("digested"), a dictionary gives the same frames in a third of the time.
    ready = dictionary.as_digested_dict if dictionary else None
    return bytes(zstd.compress(body, level=level, zstd_dict=ready))
