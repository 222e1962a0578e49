"""A service and a timer of systemd, and the shell lines that put them into place."""

from __future__ import annotations

import shlex

from crawler.timers.job import NIGHT_DAY, NIGHT_HOUR, Job

_ATTENTION = """\
# 3: it was done, and something needs attention; `systemctl --user status` shows it.
SuccessExitStatus=3
"""


def systemd_text(job: Job) -> str:
    """Return a script for ``sh`` that writes both units for the user and starts the timer."""
    folder = '"${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user"'
    parts = [
        "# Runs of Sourcekeep by systemd, as your own user. To put them into place:",
        "#   sourcekeep schedule systemd ... | sh",
        "set -eu",
        f"mkdir -p {folder}",
    ]
    for name, text in systemd_units(job).items():
        parts += [f"cat > {folder}/{shlex.quote(name)} <<'END-OF-UNIT'", text + "END-OF-UNIT"]
    timer = shlex.quote(f"{job.name}.timer")
    parts += [
        "systemctl --user daemon-reload",
        f"systemctl --user enable --now {timer}",
        'loginctl enable-linger "$(id -un)" # runs go on while you are logged out',
        f"systemctl --user list-timers {timer}",
        "",
    ]
    return "\n".join(parts)


def systemd_units(job: Job) -> dict[str, str]:
    """Return the two units, by the names of their files."""
    return {f"{job.name}.service": _service(job), f"{job.name}.timer": _timer(job)}


def _service(job: Job) -> str:
    words = job.words(*(["--strict"] if job.strict else []))
    # systemd refuses a program with quotes or the like in its path, not an argument.
    if not _is_plain(words[0].replace(" ", "")) or "$" in words[0]:
        words = ("/usr/bin/env", *words)
    command = " ".join(map(quote_word, words))
    attention = _ATTENTION if job.strict else ""
    return f"""\
[Unit]
Description=Sourcekeep: visit the sources that are due

[Service]
Type=oneshot
ExecStart={command}
{attention}# SIGTERM goes to the crawl only, which then ends its workers in good order.
KillMode=mixed
TimeoutStopSec=2min
Nice=10
NoNewPrivileges=yes
UMask=0077
"""


def _timer(job: Job) -> str:
    return f"""\
[Unit]
Description=Sourcekeep, every {job.every}

[Timer]
OnCalendar={calendar(job)}
# A run that was missed while the machine was off is made up for.
Persistent=yes

[Install]
WantedBy=timers.target
"""


def calendar(job: Job) -> str:
    """Return when the timer elapses, as systemd.time(7) writes it."""
    minute = f"{job.minute:02}"
    if job.hours == 0:
        return f"*-*-* *:{job.minute % job.minutes:02}/{job.minutes}:00"
    if job.hours == 1:
        return f"*-*-* *:{minute}:00"
    if job.hours < 24:
        return f"*-*-* 00/{job.hours}:{minute}:00"
    day = f"{NIGHT_DAY[1]} " if job.hours > 24 else ""
    return f"{day}*-*-* {NIGHT_HOUR:02}:{minute}:00"


def quote_word(word: str) -> str:
    """Return a word as systemd.service(5) wants it: quoted, with % and $ doubled."""
    doubled = word.replace("%", "%%").replace("$", "$$")
    if _is_plain(doubled):
        return doubled
    return '"' + doubled.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _is_plain(word: str) -> bool:
    return word != "" and all(char.isalnum() or char in "@%+=:,./_-$" for char in word)
