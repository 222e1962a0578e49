"""Where a cited passage stands in its source, and whether it still does."""

from crawler.passages.anchors import KINDS, Anchor, AnchorKind, Claim, anchors_of, can_be_found
from crawler.passages.matching import Rewording
from crawler.passages.standing import STATES, Standing, State, standing_of, standings_of

__all__ = [
    "KINDS",
    "STATES",
    "Anchor",
    "AnchorKind",
    "Claim",
    "Rewording",
    "Standing",
    "State",
    "anchors_of",
    "can_be_found",
    "standing_of",
    "standings_of",
]
