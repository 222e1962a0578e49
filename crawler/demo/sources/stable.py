"""Sources that stay as they are, in every form in which a page may reach a reader.

None of them may ever seem to have changed, however it is coded, labelled, redirected or slowed.
"""

from __future__ import annotations

from crawler.demo import behaviours as does
from crawler.demo.behaviours import page, redirect, sequence
from crawler.demo.pictures import print_pdf
from crawler.demo.showing import (
    dated_path,
    morning_of,
    notice,
    shows,
    shows_picture,
    shows_with_advertisements,
    treated,
)
from crawler.demo.sources.source import Source
from crawler.demo.texts import load_text

STABLE = (
    Source(
        "ferry-terminal",
        "courier",
        dated_path("ferry-terminal"),
        "stable; ETag and Last-Modified, answers 304; cited by two entries",
        shows("courier", "ferry-terminal"),
    ),
    Source(
        "spring-walk",
        "courier",
        dated_path("spring-walk"),
        "stable; cited by a link into a web archive, to be unwrapped",
        shows("courier", "spring-walk"),
    ),
    Source(
        "lighthouse-clock",
        "courier",
        dated_path("lighthouse-clock"),
        "stable, although its bytes differ at each visit; cited in two spellings",
        shows_with_advertisements("courier", load_text("lighthouse-clock")),
    ),
    Source(
        "fund-reaction",
        "wire",
        dated_path("fund-reaction"),
        "stable; answers 429 with Retry-After once, then 200",
        sequence(
            [
                page("Slow down.", status=429, headers=[("Retry-After", "1")]),
                shows("wire", "fund-reaction"),
            ]
        ),
    ),
    Source(
        "pony-route",
        "wire",
        "/go/48113",
        "stable, behind two temporary redirects",
        redirect("/desk/nature/48113", 302),
    ),
    Source(
        "cable-fault",
        "wire",
        dated_path("cable-fault"),
        "stable; answers 503 once, then 200",
        sequence(
            [page("Our servers are at sea.", status=503), shows("wire", "cable-fault")],
        ),
    ),
    Source(
        "ferry-timetable",
        "ministry",
        "/notices/2026-01.txt",
        "stable; plain text",
        page(
            load_text("ferry-timetable").body,
            content_type=does.TEXT,
            modified=morning_of(load_text("ferry-timetable")),
        ),
    ),
    Source(
        "fund-statement",
        "ministry",
        "/statements/2026-01-19-harbour-fund.pdf",
        "stable; a PDF with text",
        page(
            print_pdf(load_text("fund-statement").title, load_text("fund-statement").paragraphs),
            content_type="application/pdf",
            modified=morning_of(load_text("fund-statement")),
        ),
    ),
    Source(
        "sea-defence",
        "ministry",
        "/coasts/low-walls-wide-meadows",
        "stable; compressed with gzip",
        treated("ministry", "sea-defence", lambda html: does.coded(html, "gzip")),
    ),
    Source(
        "tern-head-picture",
        "ministry",
        "/lights/tern-head.png",
        "stable; an image, no text",
        shows_picture("tern-head"),
    ),
    Source(
        "four-languages",
        "gazette",
        "/archive/2026/four-languages.html",
        "stable; labelled UTF-8, is windows-1252",
        treated("gazette", "four-languages", lambda html: page(html.encode("cp1252"))),
    ),
    Source(
        "lead-weights-talk",
        "radio",
        "/today",
        "stable, behind a meta refresh of 0 seconds",
        notice(
            "radio",
            "One moment",
            '<a href="/morning-tide/year-of-the-swan">The programme is here.</a>',
            metadata='<meta http-equiv="refresh" content="0; url=/morning-tide/year-of-the-swan">',
        ),
    ),
    Source(
        "pony-voices",
        "radio",
        "/morning-tide/thirty-one-in-a-line",
        "stable; sent slowly, in about a second",
        treated("radio", "pony-voices", lambda html: does.drip(html, 0.0003, bytes_per_step=400)),
    ),
    Source(
        "letter-russian",
        "review",
        "/letters/2026/low-harbour-ru",
        "stable; labelled UTF-8, is windows-1251",
        treated("review", "letter-russian", lambda html: page(html.encode("cp1251", "replace"))),
    ),
    Source(
        "letter-japanese",
        "review",
        "/letters/2026/low-harbour-ja",
        "stable; labelled UTF-8, is Shift_JIS",
        treated(
            "review", "letter-japanese", lambda html: page(html.encode("shift_jis", "replace"))
        ),
    ),
    Source(
        "night-ferry-zh",
        "bay-daily",
        "/2026/02/02/夜航渡轮.html",
        "stable; Chinese, the path too",
        shows("bay-daily", "night-ferry-zh"),
    ),
    Source(
        "lighthouse-zh",
        "bay-daily",
        "/2026/02/09/lighthouse.html",
        "stable; GB18030, told in the page only",
        treated(
            "bay-daily",
            "lighthouse-zh",
            lambda html: page(html.encode("gb18030"), content_type="text/html"),
            charset="gb18030",
        ),
    ),
)
