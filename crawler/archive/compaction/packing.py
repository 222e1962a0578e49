"""Packing: payloads encoded again, as small as they get, after the crawl that had no time for it.

Each payload is held against bases, and becomes a delta of the one that helps most: payloads of its
own family (see ``packable``), else of its host, else one of a few *references*, pages of the
archive that many others resemble. Where none helps enough it is held whole, as brotli. A base is
held whole, and stays so while a frame needs it; a delta is never a base. Few payloads of other
families lean on one base, so that a damaged or withheld one takes no more with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from crawler.archive.compaction.bases import BROTLI_VERSION, QUALITY, ZSTD_VERSION, Bases
from crawler.archive.compaction.packable import Family, Mark, Member, Packable
from crawler.archive.connection import Connection
from crawler.archive.payloads import DELTA_BASE_MAX_BYTES, WHOLE, Encoded, Payloads
from crawler.errors import PayloadDamaged

__all__ = ["BROTLI_VERSION", "LEVEL", "QUALITY", "ZSTD_VERSION", "Packing", "Stage"]

METHOD = 2  # rises when packing what is packed would make it smaller: it is then all packed again
# Measured on 188 first pages of hosts, of gzip-6: level 12 0.906 (5 ms), 15 0.890 (14 ms),
# 19 0.867 (52 ms), 22 0.866 (68 ms). But 32 MiB take 12 s and 80 MB at 19, and can take minutes;
# at 12 one second and 40 MB, for a tenth more (2026-11-22).
LEVEL, LARGE_LEVEL = 19, 12
SHARED_MIN_BYTES, SHARED_MAX_BYTES = 8 * 2**10, 2**20  # of a page that other families may lean on
# Frames that may lean on one payload before no other family is added.
LEANING_MAX = 64
HOST_BASES = 3
HOST_SAMPLE = 8  # pages of a host among which its base is sought
FAMILIES_A_BASE = 32  # ... of the next so many families: templates change
REFERENCES = 24  # random ones gave 0.786 of gzip-6 on pages of other hosts, the 24 best 0.758
REFERENCES_SAMPLE = 48
REFERENCES_MIN_HOSTS = 12  # fewer hosts have too little in common
HOSTS_A_CHOICE = 64  # references are sought again at most so often
# By the trials, of what a page takes alone: a base that saves half is not compared with others, nor
# with brotli; one of another family must save a tenth, and 2 % of the best of the own. (Of 145 that
# save less brotli beat all but 4.) At last such a base must save 5 % of brotli, or it is not worth
# that one page then depends on another: of 190 pages some 30 do, and all of them take 0.6 % more
# than if the smaller were taken each time (2026-11-22).
ENOUGH, SHARED_MOST, SHARED_SAVES, SHARED_SAVES_AT_LAST = 0.5, 0.9, 0.98, 0.95


@dataclass(slots=True)
class Stage:
    """How far a pack has come. Kept in its run's row, so that the next goes on from there."""

    after: Mark  # what earlier packs have dealt with
    upto: Mark  # how far the archive had grown when this stage began
    done: bool = False
    host: str = ""  # the host under way, and the first payload of its family under way
    position: int = 0
    references: list[str] = field(default_factory=list)  # digests
    examined: int = 0
    recoded: int = 0
    before_bytes: int = 0  # of the payloads examined, as stored
    after_bytes: int = 0
    damaged: list[str] = field(default_factory=list)  # digests

    @classmethod
    def next_after(cls, counts: dict[str, Any] | None, now: Mark) -> Self:
        """Return the stage that follows what an earlier pack noted: its rest, or what is new."""
        if counts is None or counts.get("method") != METHOD:
            return cls(Mark(), now)
        after, upto = Mark(**counts["after"]), Mark(**counts["upto"])
        if counts["done"]:
            return cls(upto, now, references=counts["references"])
        return cls(
            after, upto, host=counts["host"], position=counts["position"],
            references=counts["references"],
        )  # fmt: skip

    @classmethod
    def none(cls) -> Self:
        """Return the stage of an archive with nothing to pack."""
        return cls(Mark(), Mark(), done=True)

    def counts(self) -> dict[str, Any]:
        """Return it as the ``counts`` of its run."""
        return {"method": METHOD, **asdict(self)}


Note = Callable[[Stage], None]


class Packing:
    """The packing of one archive, by the holder of its run lock."""

    def __init__(self, connection: Connection, payloads: Payloads) -> None:
        self._connection = connection
        self._payloads = payloads
        self._packable = Packable(connection)
        self._bases = Bases(payloads.get)
        self._needed: Counter[str] = Counter()  # base -> frames that need it
        self._version = -1  # of the file, as the count of those was taken
        self._kept_whole: set[str] = set()  # bases to be
        self._hosts_since_choice = HOSTS_A_CHOICE

    def close(self) -> None:
        """End the threads."""
        self._bases.close()

    def next_stage(self, counts: dict[str, Any] | None) -> Stage | None:
        """Return what there is to do after the pack that noted these counts; None: nothing."""
        stage = Stage.next_after(counts, self._packable.mark())
        while not self._hosts(stage):
            if stage.upto == (now := self._packable.mark()):
                return None
            stage = Stage(stage.upto, now, references=stage.references)
        return stage

    def count(self, stage: Stage) -> int:
        """Return about how many payloads a stage examines."""
        return self._packable.count(stage.after)

    def _hosts(self, stage: Stage) -> list[str]:
        return [host for host in self._packable.hosts(stage.after) if host >= stage.host]

    def pack(self, stage: Stage, note: Note) -> Generator[Stage, None, None]:
        """Pack, yielding the stage after each payload; whoever stops asking ends it there.

        ``note`` is called within each transaction that changes a payload, and keeps the stage.
        Raises EvidenceLost when the file cannot be written: nothing is lost then.
        """
        hosts = self._hosts(stage)
        self._count_needed()
        for number, host in enumerate(hosts):
            self._seek_references(stage, hosts[number:])
            yield from self._pack_host(stage, host, note)
            stage.position = 0
        stage.done = True
        note(stage)

    def _pack_host(self, stage: Stage, host: str, note: Note) -> Generator[Stage, None, None]:
        families = self._packable.families(host, stage.after)
        if host != stage.host:
            stage.host, stage.position = host, 0
        pool = self._bases_in_use(families)
        todo = [f for f in families if f.wanting and f.members[0].position >= stage.position]
        sought = -FAMILIES_A_BASE
        for number, family in enumerate(todo):
            pool = [digest for digest in pool if self._needed[digest] < LEANING_MAX]
            if not pool and number >= sought + FAMILIES_A_BASE:
                sought = number
                pool = self._seek_host_base(todo[number : number + FAMILIES_A_BASE])
            stage.position = family.members[0].position
            roots = self._roots(family)
            for member in family.wanting:
                self._pack_member(stage, member, roots, pool, note)
                yield stage
            pool = [*pool, *(m.digest for m in roots[:1] if self._is_fit(m))][:HOST_BASES]

    # Which bases

    def _bases_in_use(self, families: Sequence[Family]) -> list[str]:
        """Return the payloads of a host that others lean on already, the latest few."""
        members = [member for family in families for member in family.members]
        return [m.digest for m in members if self._needed[m.digest] and self._is_fit(m)][
            -HOST_BASES:
        ]

    def _seek_host_base(self, families: Sequence[Family]) -> list[str]:
        """Return the payload that serves others of its host best; none when they differ."""
        alone = [m for f in families for m in f.members[:1] if len(f.members) == 1]
        fit = [member for member in alone if member.good and self._is_fit(member)]
        if len(fit) < 2:
            return []
        sample = [fit[n * len(fit) // HOST_SAMPLE] for n in range(HOST_SAMPLE)]
        digests = list(dict.fromkeys(member.digest for member in sample))
        return self._choose(digests, 1, len(fit) / len(digests))

    def _seek_references(self, stage: Stage, hosts: Sequence[str]) -> None:
        """Choose references anew when most of those in use serve as many as they may."""
        held = self._packable.held_whole(stage.references)
        active = [digest for digest in held if self._needed[digest] < LEANING_MAX]
        self._hosts_since_choice += 1
        if self._hosts_since_choice > HOSTS_A_CHOICE and len(active) < REFERENCES // 3:
            self._hosts_since_choice = 0
            step = max(1, len(hosts) // REFERENCES_SAMPLE)
            sample = self._packable.sample(hosts[::step], SHARED_MIN_BYTES, SHARED_MAX_BYTES)
            if len(sample) >= REFERENCES_MIN_HOSTS:
                sample = sample[:REFERENCES_SAMPLE]
                weight = len(hosts) / len(sample)
                active += self._choose(sample, REFERENCES - len(active), weight)
        self._kept_whole.update(active)
        stage.references = active

    def _choose(self, digests: list[str], count: int, weight: float) -> list[str]:
        """Return the best bases among some payloads, to be held whole from now on.

        Each payload stands for ``weight`` others.
        """
        bodies, held = [], []
        for digest in digests:
            try:
                bodies.append(self._payloads.get(digest))
            except PayloadDamaged:  # told when its turn comes
                continue
            held.append(digest)
        chosen = [held[number] for number in self._bases.choose(bodies, count, weight)]
        self._kept_whole.update(chosen)
        return chosen

    def _is_fit(self, member: Member) -> bool:
        """Tell whether other families may lean on a payload: held whole, text, of a good size."""
        return (
            member.stored_as in WHOLE
            and SHARED_MIN_BYTES <= member.size_bytes <= SHARED_MAX_BYTES
            and member.stored_bytes < 0.6 * member.size_bytes  # an image or PDF is no text
            and self._needed[member.digest] < LEANING_MAX
        )

    def _roots(self, family: Family) -> list[Member]:
        """Return the members that the others of a family may lean on, and that so stay whole."""
        if len(family.members) < 2:
            return []
        whole = [
            m for m in family.members
            if not m.base_digest and m.size_bytes <= DELTA_BASE_MAX_BYTES
        ]  # fmt: skip
        needed = [m for m in whole if self._stays_whole(m.digest)]
        roots = needed or [m for m in whole if m.good][:1] or whole[:1]
        self._kept_whole.update(root.digest for root in roots)
        return roots

    def _stays_whole(self, digest: str) -> bool:
        return digest in self._kept_whole or self._needed[digest] > 0

    # One payload

    def _pack_member(
        self, stage: Stage, member: Member, roots: list[Member], pool: list[str], note: Note
    ) -> None:
        stage.examined += 1
        stage.before_bytes += member.stored_bytes
        stage.after_bytes += member.stored_bytes
        try:
            found = self._smaller(stage, member, roots, pool)
        except PayloadDamaged as damage:
            if damage.digest not in stage.damaged:
                stage.damaged.append(damage.digest)
            return
        if found is not None:
            self._recode(stage, member, *found, note)

    def _smaller(
        self, stage: Stage, member: Member, roots: list[Member], pool: list[str]
    ) -> tuple[Encoded, str | None] | None:
        """Return a smaller encoding and its base; None when there is none. Raises PayloadDamaged.

        What the crawl stored raw does not shrink, or hardly, and is left alone.
        """
        if member.stored_as == "raw":
            return None
        body = self._payloads.get(member.digest)
        if len(body) > DELTA_BASE_MAX_BYTES:
            found, base = Encoded("zstd", self._bases.compress(body, LARGE_LEVEL)), None
        elif self._stays_whole(member.digest):
            found, base = self._whole(body, member), None
        else:
            found, base = self._delta_or_whole(stage, body, member, roots, pool)
        return (found, base) if len(found.data) < member.stored_bytes else None

    def _whole(self, body: bytes, member: Member) -> Encoded:
        """Return the smallest encoding without a base; one that is so already is not made again."""
        if member.stored_as == "brotli":
            return Encoded("brotli", self._payloads.stored(member.digest))
        return Encoded("brotli", self._bases.whole(body))

    def _delta_or_whole(
        self, stage: Stage, body: bytes, member: Member, roots: list[Member], pool: list[str]
    ) -> tuple[Encoded, str | None]:
        """Return the encoding that is worth most, and its base."""
        base, share = self._best_base(stage, body, member, roots, pool)
        if base is None:
            return self._whole(body, member), None
        delta = Encoded("zstd-delta", self._bases.compress(body, LEVEL, base))
        if share <= ENOUGH:
            return delta, base
        whole = self._whole(body, member)
        is_own = any(base == root.digest for root in roots)
        saves = 1.0 if is_own else SHARED_SAVES_AT_LAST
        return (delta, base) if len(delta.data) < saves * len(whole.data) else (whole, None)

    def _best_base(
        self, stage: Stage, body: bytes, member: Member, roots: list[Member], pool: list[str]
    ) -> tuple[str | None, float]:
        """Return the base of which a payload is the smallest delta, by trial; None: better whole.

        Also returns which share of it alone that delta is.
        """
        alone = self._bases.alone(body)
        own = [root.digest for root in (*roots[:1], *roots[-2:])]
        own += [member.base_digest] if member.base_digest else []
        size, base = _smallest(self._bases.trials(body, own), alone)
        if size > ENOUGH * alone:
            shared = [*pool, *stage.references]
            free = [digest for digest in shared if self._needed[digest] < LEANING_MAX]
            shared_size, shared_base = _smallest(self._bases.trials(body, free), alone)
            if shared_size < min(SHARED_SAVES * size, SHARED_MOST * alone):
                size, base = shared_size, shared_base
        return base, size / alone

    def _recode(
        self, stage: Stage, member: Member, encoded: Encoded, base: str | None, note: Note
    ) -> None:
        """Put a new encoding in place of the old one, unless a frame needs the payload whole.

        `add` may have stored such a frame meanwhile, so that is looked at under the write lock.
        """
        with self._connection.writing():
            self._count_needed()
            if base and self._stays_whole(member.digest):
                return
            self._payloads.recode(member.digest, encoded, base)
            stage.recoded += 1
            stage.after_bytes += len(encoded.data) - member.stored_bytes
            note(stage)
        if member.base_digest:
            self._needed[member.base_digest] -= 1
        if base:
            self._needed[base] += 1

    def _count_needed(self) -> None:
        """Count what leans on what again, when another process has written to the file."""
        version = self._connection.sql.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self._version = version
            self._needed = Counter(self._packable.dependants())


def _smallest(sizes: dict[str, int], alone: int) -> tuple[int, str | None]:
    """Return the smallest size and its base, which is None when no base saves anything."""
    size, base = min(((size, digest) for digest, size in sizes.items()), default=(alone, None))
    return (size, base) if size < alone else (alone, None)
