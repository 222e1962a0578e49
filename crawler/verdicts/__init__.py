"""What one fetch showed (outcome), and what a history of outcomes means (verdict).

An outcome is an observation and may be wrong; a verdict is concluded from several that are spaced.
"""

from crawler.verdicts.concluding import Conclusion, conclude
from crawler.verdicts.hysteresis import HYSTERESIS, MISSING, Rule, is_incident, kind_of
from crawler.verdicts.outcomes import (
    LIVE,
    OUTCOMES,
    REDIRECTS,
    REFUSALS,
    outcome_of_failure,
    outcome_of_response,
)
from crawler.verdicts.state import STATES, Override, Seen, State, Verdict
from crawler.verdicts.telling import UrlStatus, explain_verdict, url_status

__all__ = [
    "HYSTERESIS",
    "LIVE",
    "MISSING",
    "OUTCOMES",
    "REDIRECTS",
    "REFUSALS",
    "STATES",
    "Conclusion",
    "Override",
    "Rule",
    "Seen",
    "State",
    "UrlStatus",
    "Verdict",
    "conclude",
    "explain_verdict",
    "is_incident",
    "kind_of",
    "outcome_of_failure",
    "outcome_of_response",
    "url_status",
]
