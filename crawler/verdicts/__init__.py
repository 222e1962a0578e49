"""What one fetch showed (outcome), and what a history of outcomes means (verdict).

An outcome is an observation and may be wrong; a verdict is concluded from several that are spaced.
"""

from crawler.verdicts.outcomes import (
    LIVE,
    OUTCOMES,
    REDIRECTS,
    REFUSALS,
    outcome_of_failure,
    outcome_of_response,
)

__all__ = [
    "LIVE",
    "OUTCOMES",
    "REDIRECTS",
    "REFUSALS",
    "outcome_of_failure",
    "outcome_of_response",
]
