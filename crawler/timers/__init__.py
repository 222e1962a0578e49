"""Texts that make a machine run the crawl: a crontab, units of systemd, a workflow of GitHub."""

from crawler.timers.cron import cron_text
from crawler.timers.github import github_text
from crawler.timers.job import INTERVALS, Every, Job, default_seconds
from crawler.timers.systemd import systemd_text, systemd_units

__all__ = [
    "INTERVALS",
    "Every",
    "Job",
    "cron_text",
    "default_seconds",
    "github_text",
    "systemd_text",
    "systemd_units",
]
