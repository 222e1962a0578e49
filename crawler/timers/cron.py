"""A crontab that makes the runs."""

from __future__ import annotations

import shlex

from crawler.timers.job import NIGHT_DAY, NIGHT_HOUR, Job


def cron_text(job: Job) -> str:
    """Return lines for ``crontab -e``.

    cron ends a command at a bare % and takes the backslash from ``\\%`` before the shell sees it.
    It mails whatever is printed: with --quiet that is one line, when a run broke.
    """
    lines = [
        "# Runs of Sourcekeep: add these lines with `crontab -e`.",
        "# A run that is still under way keeps the archive locked; it ends before the next begins.",
        "# There is a mail only when a run broke"
        + (", or something needs attention." if job.strict else "."),
    ]
    address = _mail_address(job.contact)
    if address:
        lines.append(f"MAILTO={address}")
    quietly = ("--quiet", "--strict") if job.strict else ("--quiet",)
    command = shlex.join(job.words(*quietly)).replace("%", "\\%")
    lines += [f"{cron_times(job)} {command}", ""]
    return "\n".join(lines)


def cron_times(job: Job) -> str:
    """Return the five fields of a line: minute, hour, day of month, month, day of week."""
    if job.hours == 0:
        return f"{job.minute % job.minutes}-59/{job.minutes} * * * *"
    if job.hours == 1:
        return f"{job.minute} * * * *"
    if job.hours < 24:
        return f"{job.minute} */{job.hours} * * *"
    weekday = NIGHT_DAY[0] if job.hours > 24 else "*"
    return f"{job.minute} {NIGHT_HOUR} * * {weekday}"


def _mail_address(contact: str | None) -> str | None:
    """A contact that cron can mail to."""
    if contact is None or "@" not in contact or "/" in contact or any(map(str.isspace, contact)):
        return None
    return contact.removeprefix("mailto:")
