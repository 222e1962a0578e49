"""One visit, one outcome: the ordered table of DOMAIN §6. The first rule that fits decides.

Walls, challenges and shells come before signs of absence, because a host that shows everybody a
form shows it for pages that exist as well; nothing comes before what the transport says of our own
faults. A page that is the copy that we hold is live whatever else it shows.
"""

from __future__ import annotations

from collections.abc import Callable

from crawler.verdicts import absences, blocks, parking, recognition, shells, walls
from crawler.verdicts.case import Case, Finding
from crawler.verdicts.observation import Judgement, Observation

_Rule = Callable[[Case], Finding | None]


def judge(seen: Observation) -> Judgement:
    """Return the outcome of a visit, with its reasons and evidence.

    ``wants_probe`` says that a sibling probe could settle it: the caller asks the host, puts the
    answer into ``seen.host.probe`` and judges again.
    """
    case = Case(seen)
    found = next((found for rule in RULES if (found := rule(case))), None)
    if found is None:
        found = _of_the_text(case)
    return Judgement(
        found.outcome,
        found.reasons,
        dict(found.evidence),
        case.compared,
        wants_probe=found.suspicious and _can_be_probed(case),
    )


def _of_the_text(case: Case) -> Finding:
    """Return the outcome of a whole page that no wall and no shell stands in place of."""
    strangers = parking.strangers_at(case)
    found = parking.usurped(strangers)
    if found is not None:
        return found
    signs = absences.signs_of(case)
    found = absences.soft_404(case, signs)
    if found is not None:
        return found
    return recognition.recognise(case, signs, strangers)


def _of_our_own(case: Case) -> Finding | None:
    """Return what the transport says where no host was asked, or none answered."""
    if case.status is None and not case.answered:  # a page that was supplied has no status
        return Finding(case.last.outcome, (case.last.reason,))
    if case.last.outcome in ("local-fault", "robots-excluded", "refused-by-us"):
        return Finding(case.last.outcome, (case.last.reason,))
    return None


def _confirmed(case: Case) -> Finding | None:
    """Return ``live`` where the very bytes of the good copy came again, or a 304 says so.

    ``moved`` where a redirect led to them that by now has proved to last.
    """
    if case.seen.same_payload and case.answered:
        if (moved := recognition.moved(case)) is not None:
            return moved
        reason = "not-modified" if case.status == 304 else "same-payload"
        return Finding("live", (reason,))
    return None


def _of_transport(case: Case) -> Finding | None:
    """Return the outcome of an answer that is no whole page."""
    if case.answered and case.status != 304:
        return None
    return Finding(case.last.outcome, (case.last.reason,))


def _can_be_probed(case: Case) -> bool:
    """Return whether a probe is worth while: none is fresh, and the host has no honest 404s."""
    host = case.seen.host
    return host.probe is None and not host.error_titles and bool(case.asked.steps)


RULES: tuple[_Rule, ...] = (
    _of_our_own,
    _confirmed,
    blocks.told_by_headers,
    walls.legal,
    blocks.challenge,
    walls.login,
    walls.teaser,
    walls.consent,
    _of_transport,
    parking.parked,
    shells.redirect_stub,
    shells.needs_script,
)
