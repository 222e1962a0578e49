"""A certificate as a page that a browser shows without a server, and that can do nothing there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Certificate of a capture</title>
<style>
body { font: 16px/1.5 serif; margin: 2em auto; max-width: 50em; padding: 0 1em }
th { padding-right: 1em; text-align: left; vertical-align: top; white-space: nowrap }
td, pre { overflow-wrap: anywhere; white-space: pre-wrap }
pre { background: #f4f4f4; font-size: 13px; padding: .5em }
</style>
</head>
<body>
<h1>Certificate of a capture</h1>
"""
_FACTS = (
    ("address", "url"), ("captured at", "captured_at"), ("source", "source_url"),
    ("status", "status"), ("it showed", "outcome"), ("payload", "payload"),
    ("size of the payload in bytes", "size_bytes"), ("body as received", "wire_digest"),
    ("its size in bytes", "wire_size_bytes"), ("IP address", "ip_address"),
    ("certificate of the host", "certificate_digest"), ("robots.txt", "robots"),
    ("who made it", "origin"), ("capture", "uid"), ("run", "run"),
)  # fmt: skip


def certificate_page(certificate: Mapping[str, Any]) -> str:
    """Return a certificate as HTML; the whole of it stands in the page as JSON, too."""
    facts = certificate["facts"]
    lines = [(name, facts[key]) for name, key in _FACTS if facts[key] is not None]
    headers = [(str(name), str(value)) for name, value in facts["response_headers"]]
    stamps = [(stamp["stamped_at"], stamp["authority"]) for stamp in certificate["stamps"]]
    stamps += [(proof["calendar"], proof["says"]) for proof in certificate["proofs"]]
    none = [("none", "nobody has stamped this manifest")]
    manifest = json.loads(certificate["manifest"]["body"])
    sealed = [
        ("digest", certificate["manifest"]["digest"]), ("number", manifest["number"]),
        ("sealed at", manifest["sealed_at"]), ("archive", manifest["archive"]),
        ("root", manifest["root"]),
    ]  # fmt: skip
    return "".join([
        _HEAD,
        f"<p>{escape(str(certificate['claim']))}</p>\n",
        _table("What was fetched", lines),
        _table("Headers of the answer", headers),
        _table("Manifest", sealed),
        _table("Time stamps", stamps or none),
        "<h2>The certificate itself</h2>\n<p>To be checked with SHA-256 alone.</p>\n<pre>",
        escape(json.dumps(certificate, ensure_ascii=False, indent=1)),
        "</pre>\n</body>\n</html>\n",
    ])  # fmt: skip


def _table(title: str, rows: list[tuple[str, Any]]) -> str:
    lines = "".join(
        f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>\n"
        for name, value in rows
    )
    return f"<h2>{escape(title)}</h2>\n<table>\n{lines}</table>\n"
