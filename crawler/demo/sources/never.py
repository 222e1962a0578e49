"""Sources of which no copy can be had, from the first day on; none of them is gone for all that."""

from __future__ import annotations

from crawler.demo import behaviours as does
from crawler.demo.behaviours import redirect
from crawler.demo.showing import notice, shows, treated
from crawler.demo.sources.source import Source

NEVER = (
    Source(
        "cable-reader",
        "courier",
        "/letters/2026/02/20/cable-reader",
        "never captured: robots.txt disallows it",
        shows("courier", "cable-reader"),
        {1: "robots-excluded"},
        verdict="excluded",
    ),
    Source(
        "anchor-chart",
        "courier",
        "/2026/02/20/anchor-chart",
        "never captured: the connection is reset",
        does.reset(),
        {1: "server-error"},
        verdict="unknown",
    ),
    Source(
        "lamp-oil",
        "ministry",
        "/lights/tern-head-inventory",
        "never complete: the connection ends before the promised length",
        treated("ministry", "lamp-oil", lambda html: does.cut_off(html, 2600)),
        {1: "server-error"},
        verdict="unknown",
    ),
    Source(
        "cable-notice",
        "ministry",
        "/notices/cable",
        "no text: a shell that only a browser fills",
        notice(
            "ministry",
            "Notices",
            "<noscript>Please enable JavaScript to read this notice.</noscript>",
            scripts='<div id="app"></div>\n<script src="/assets/app.js"></script>',
        ),
        {1: "needs-script"},
        verdict="unknown",
    ),
    Source(
        "anchor-essay",
        "review",
        "/essays/2026/the-anchor",
        "never captured: a circle of redirects",
        redirect("/essays/2026/the-anchor-again"),
        {1: "server-error"},
        verdict="unknown",
    ),
    Source(
        "oyster-zh",
        "bay-daily",
        "/2026/02/09/oysters.html",
        "never complete: its gzip is cut off",
        treated("bay-daily", "oyster-zh", lambda html: does.damaged(html, "gzip")),
        {1: "server-error"},
        verdict="unknown",
    ),
    Source(
        "spring-report",
        "institute",
        "/reports/2025/quillan-groundwater",
        "never captured: robots.txt answers 500, so everything is disallowed for now",
        shows("institute", "spring-report"),
        {1: "robots-excluded"},
        verdict="excluded",
    ),
    Source(
        "anchor-observer",
        "observer",
        "/2026/02/20/anchor.html",
        "never captured: the connection is refused",
        None,
        {1: "dead-host"},
        verdict="unknown",
    ),
)
