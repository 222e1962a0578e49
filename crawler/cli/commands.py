"""The commands of ``sourcekeep``, by name."""

from __future__ import annotations

# command -> what it does, as `sourcekeep --help` lists it
COMMANDS = {
    "add": "remember where entries come from: a file, a folder or a URL",
    "crawl": "the scheduled run: read the inputs, visit the sources that are due, keep them",
    "status": "what is held and what is not, and what needs a person",
    "show": "print the snapshot of a source: what did it say, on a given date?",
    "history": "list every fetch of a source, and what was kept of it",
    "diff": "show what changed between two versions of a source, word by word",
    "why": "explain why a source is due or not, and why its verdict is what it is",
    "verdict": "list the verdicts on a source, or say what you know better",
    "rescue": "bring home from web archives what we do not hold",
    "export": "write what is kept in a form that other programs read",
    "push": "have a web archive keep chosen sources, too",
    "inspect": "look at the archive in Datasette, on this machine only",
    "schedule": "print a crontab, units of systemd or a workflow that make the runs",
    "extract": "make articles again from the kept payloads",
    "judge": "judge, compare and conclude again, from what is kept",
    "verify": "check every row and payload, and name what is damaged",
    "backup": "make a whole, verified copy, also while a crawl is writing",
    "certificate": "print what was fetched, with a proof that others can check",
    "stamp": "have the latest manifest stamped by an authority or by OpenTimestamps",
    "withhold": "keep a source out of what leaves the archive, and still look after it",
    "forget": "destroy what a source said; its digest, dates and verdict stay",
    "pack": "store what is kept in less room, after a crawl",
    "import": "bring in what other programs kept: WARC, ARC and WACZ files",
    "attach": "take in a page that you saved by hand, as a copy of a source",
    "merge": "bring other archives into this one: shards, or those of several machines",
    "demo": "run the main job on a small web on this machine, to see what it does",
}
