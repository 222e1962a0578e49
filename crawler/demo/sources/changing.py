"""Sources of which a later version says something else, each in another way."""

from __future__ import annotations

from crawler.demo import behaviours as does
from crawler.demo.behaviours import day, versions
from crawler.demo.showing import dated_path, shows
from crawler.demo.sources.source import Source
from crawler.demo.texts import load_text

_FUND = load_text("harbour-fund")
_LEAD = load_text("lead-weights")
_SURGE = load_text("storm-surge")
_TIDES = load_text("tide-tables")

FUND_CORRECTED = _FUND.rewrite({"$50 million": "$5 million"}, "2026-02-23")
LEAD_REWORDED = _LEAD.rewrite(  # no fact is touched, and no word of certainty
    {
        "will have a year to change over": "will be given a year to adapt",
        "may hand in their remaining stock at the harbour office and will be paid the price": (
            "may return what they still have in stock to the harbour office and will get the price"
        ),
        "steel was lighter, so a weight had to be larger for the same depth, and that the larger "
        "ones caught in the kelp": (
            "steel weighs less, so that sinkers have to be bigger to reach the same depth, and "
            "that the bigger ones get stuck in the kelp"
        ),
        "It asked for a trial in one bay before the rule was made for all of them.": (
            "It proposed to try the rule in one bay before it was extended to all of them."
        ),
        "brought up": "recovered",
    },
    "2026-02-23",
)
SURGE_CUT = _SURGE.shorten(3, "2026-02-25")
TIDES_CORRECTED = _TIDES.rewrite({"12 centimetres": "21 centimetres"}, "2026-02-23")

CHANGING = (
    Source(
        "harbour-fund",
        "courier",
        dated_path("harbour-fund"),
        "material change on day 3: $50 million becomes $5 million; cited by two entries",
        versions({day(1): shows("courier", _FUND), day(3): shows("courier", FUND_CORRECTED)}),
        changes={3: "material"},
    ),
    Source(
        "lead-weights",
        "wire",
        dated_path("lead-weights"),
        "re-worded on day 3, with the same facts",
        versions({day(1): shows("wire", _LEAD), day(3): shows("wire", LEAD_REWORDED)}),
        changes={3: "substantial"},
    ),
    Source(
        "storm-surge",
        "wire",
        dated_path("storm-surge"),
        "cut on day 5: three of seven paragraphs are left",
        versions({day(1): shows("wire", _SURGE), day(5): shows("wire", SURGE_CUT)}),
        changes={5: "cut"},
    ),
    Source(
        "tide-tables",
        "ministry",
        "/tides/corrections",
        "material change on day 3 (12 becomes 21 centimetres), hidden by a false 304",
        does.stuck(
            '"corrections"',
            versions(
                {day(1): shows("ministry", _TIDES), day(3): shows("ministry", TIDES_CORRECTED)}
            ),
        ),
        changes={3: "material"},
    ),
)
