"""What the settings say of a run: how it presents itself, what it may take, and what its row tells.

A run that was configured otherwise may see another web, so its row in the archive says by which
software and settings it came about.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from crawler import __version__
from crawler.errors import UsageError
from crawler.fetching.run.budget import Budget
from crawler.schedule import ADAPTIVE, POLICIES, Policy
from crawler.urls import redact_url

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

SOFTWARE = ("scrapy", "trafilatura", "lxml", "twisted", "sqlite-utils")
# Settings that say how a run behaved; written into its row.
RECORDED_SETTINGS = (
    "USER_AGENT", "ROBOTSTXT_OBEY", "DOWNLOAD_DELAY", "CONCURRENT_REQUESTS",
    "CONCURRENT_REQUESTS_PER_DOMAIN", "DOWNLOAD_TIMEOUT", "RETRY_TIMES", "SOURCEKEEP_ALLOW",
    "SOURCEKEEP_ALLOW_PORTS", "SOURCEKEEP_PROXY", "SOURCEKEEP_NOW", "SOURCEKEEP_MAX_FETCHES",
    "SOURCEKEEP_MAX_FETCHES_PER_HOST", "SOURCEKEEP_MAX_SECONDS", "SOURCEKEEP_BODY_CAP_BYTES",
    "SOURCEKEEP_CRAWL_DELAY_CAP",
    "SOURCEKEEP_ROBOTS_PATIENCE_DAYS", "SOURCEKEEP_MIN_RATE",
    "SOURCEKEEP_MIN_RATE_WINDOW_S", "SOURCEKEEP_CA_FILE",
    "SOURCEKEEP_CONTROL_URLS", "SOURCEKEEP_SCHEDULE",
    "SOURCEKEEP_RESCUE", "SOURCEKEEP_RESCUE_ARCHIVES", "SOURCEKEEP_RESCUE_MAX",
    "SOURCEKEEP_RESCUE_FETCHES", "SOURCEKEEP_PUSH", "SOURCEKEEP_PUSH_ARCHIVE",
    "SOURCEKEEP_PUSH_MAX", "SOURCEKEEP_PUSH_FRESH",
)  # fmt: skip


def software() -> dict[str, str]:
    """Return the versions of what a run works with, ours first."""
    return {"sourcekeep": __version__, **{name: version(name) for name in SOFTWARE}}


def recorded_settings(settings: BaseSettings) -> dict[str, object]:
    """Return the settings for the run's row; a proxy's password is none of them."""
    values = {name: settings.get(name) for name in RECORDED_SETTINGS}
    values["USER_AGENT"] = user_agent(settings)
    if values["SOURCEKEEP_PROXY"]:
        values["SOURCEKEEP_PROXY"] = redact_url(str(values["SOURCEKEEP_PROXY"]))
    return values


def user_agent(settings: BaseSettings) -> str:
    """Return the user agent with the contact in it, so that a host can reach the operator."""
    agent, contact = settings["USER_AGENT"], settings.get("SOURCEKEEP_CONTACT")
    return f"{agent} (+{contact})" if contact and contact not in agent else agent


def schedule_of(settings: BaseSettings) -> Policy:
    """Return the schedule that the settings name. Raises UsageError."""
    name = settings.get("SOURCEKEEP_SCHEDULE", ADAPTIVE.name)
    if name not in POLICIES:
        raise UsageError(f"SOURCEKEEP_SCHEDULE={name!r}: write {' or '.join(POLICIES)}")
    return POLICIES[name]


def budget_of(settings: BaseSettings) -> Budget:
    """Return what a run may begin; its time counts from now. Raises UsageError."""
    return Budget(
        _int_or_none(settings, "SOURCEKEEP_MAX_FETCHES"),
        _int_or_none(settings, "SOURCEKEEP_MAX_SECONDS"),
        _int_or_none(settings, "SOURCEKEEP_MAX_FETCHES_PER_HOST"),
    )


def workers_of(settings: BaseSettings) -> int | None:
    """Return how many processes extract; None: as many as suit the machine. Raises UsageError."""
    workers = _int_or_none(settings, "SOURCEKEEP_WORKERS")
    if workers is not None and workers < 1:
        raise UsageError(f"SOURCEKEEP_WORKERS={workers}: write 1 or more")
    return workers


def _int_or_none(settings: BaseSettings, name: str) -> int | None:
    """A whole number of the settings, or None when it is not set. Raises UsageError."""
    value = settings.get(name)
    try:
        return None if value in (None, "") else int(value)
    except ValueError as exc:
        raise UsageError(f"{name}={value!r}: write a whole number") from exc
