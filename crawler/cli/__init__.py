"""The command line: ``sourcekeep COMMAND``. One module a command; only the asked one is imported,
because Scrapy alone takes 0.8 s.
"""

from __future__ import annotations

import argparse
import errno
import io
import keyword
import os
import re
import sqlite3
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from crawler import __version__
from crawler.cli.commands import COMMANDS
from crawler.cli.exits import EXIT_BROKE, EXIT_DONE, EXIT_INTEGRITY, EXIT_USAGE
from crawler.cli.hints import RESTORE, hint
from crawler.cli.options import add_common_options
from crawler.errors import PayloadDamaged, SourcekeepError, UsageError
from crawler.exports.inert import plain

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

# What a disk says to a write that it does not take: stdout may be a file, and a report is long.
DISK_REFUSES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
# What is wrong with the name of a file that somebody gave us, wherever it is found out.
NAME_REFUSED = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.ESTALE}
)

# No address that works is so long; whoever gave one wants to read the sentence around it.
_LONG_WORD = re.compile(r"([^\s']{80})[^\s']{2000,}")
# ``--from=--`` and ``-s--``: argparse of Python 3.11 makes an empty list of it.
_DASHES = re.compile(r"(?:--[a-z-]+=|-[a-z])--")
_EMPTY = re.compile(r"--[a-z-]+=")

_EPILOG = """\
first steps:
  sourcekeep demo                    see it work; nothing leaves this machine
  sourcekeep add news/               remember a folder of entries
  sourcekeep crawl --contact YOU     read them, visit their sources, keep snapshots
  sourcekeep status                  what is held, what is missing
  sourcekeep show URL                the text that is held

exit codes: 0 done; 1 did not run or broke; 2 wrong usage; 3 done, but something needs attention
(only with --strict); 4 what is kept does not match its digest
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints can be read, whatever was given to it."""

    def error(self, message: str) -> NoReturn:
        super().error(_readable(message))

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        """Print a help, or raise OSError: argparse would end with 0 on a full disk."""
        if file is not sys.stdout:
            super()._print_message(message, file)
            return
        print(message, end="", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        parsed = _parsed(arguments)
    except KeyboardInterrupt:  # while the command was being loaded
        return _complain("interrupted before it began", EXIT_BROKE)
    except OSError as exc:  # the help was asked for
        return _unwritten(exc)
    return _run(parsed)


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what was asked for; what is wrong with it ends the program with exit code 2."""
    parser = _Parser(
        prog="sourcekeep",
        description="Keeps the web pages that you cite: dated snapshots of every source.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sourcekeep {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    words = list(sys.argv[1:] if arguments is None else arguments)
    _never_fail_to_print()
    if words and words[0].startswith("-") and not _is_of_the_program(words[0]):
        parser.error(f"options stand behind the command: sourcekeep COMMAND {words[0]} …")
    asked = next((word for word in words if not word.startswith("-")), None)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(
            name, help=summary, description=summary[0].upper() + summary[1:]
        )
        if name == asked:
            add_common_options(command)
            import_module(module_of(name)).configure(command)
    dashes = next((word for word in words if _DASHES.fullmatch(word)), None)
    if dashes:
        parser.error(f"{dashes}: no value is called so")
    parsed = parser.parse_args(words)
    if any(word == "" or _EMPTY.fullmatch(word) for word in words):
        parser.error(
            "an argument is empty: give it a value, or leave it out"
            " (is a variable of the shell unset?)"
        )
    return parsed


def _readable(problem: object) -> str:
    """Return a complaint for a terminal: it may name titles and URLs, and words of any length."""
    return _LONG_WORD.sub(r"\1…", plain(problem))


def _is_of_the_program(option: str) -> bool:
    return any(known.startswith(option) for known in ("-h", "--help", "--version"))


def _never_fail_to_print() -> None:
    """Write what the terminal's encoding lacks as an escape: a title must not break a command.

    Where there is no stdout at all (``>&-``), nobody wants to read.
    """
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def module_of(command: str) -> str:
    """Return the module of a command."""
    return f"crawler.cli.{command}_" if keyword.iskeyword(command) else f"crawler.cli.{command}"


def _run(parsed: argparse.Namespace) -> int:
    """Run the command; our errors become one sentence, everything else shows its traceback."""
    try:
        code: int = import_module(module_of(parsed.command)).run(parsed)
        sys.stdout.flush()
        return code
    except UsageError as exc:
        return _complain(_told(exc, parsed), EXIT_USAGE)
    except PayloadDamaged as exc:
        return _complain(_told(exc, parsed), EXIT_INTEGRITY)
    except sqlite3.DatabaseError as exc:
        return _complain(f"the archive is damaged: {exc}; {RESTORE}", EXIT_INTEGRITY)
    except SourcekeepError as exc:
        return _complain(_told(exc, parsed), EXIT_BROKE)
    except OSError as exc:
        return _unwritten(exc)
    except KeyboardInterrupt:
        return _complain("interrupted; run the same command again to go on", EXIT_BROKE)


def _told(problem: Exception, parsed: argparse.Namespace) -> str:
    return hint(str(problem), parsed)


def _unwritten(exc: OSError) -> int:
    """Return the exit code of what the system refused; raise it again if it cannot be explained."""
    if isinstance(exc, BrokenPipeError):  # `sourcekeep status | head`
        _drop_output()
        return EXIT_DONE
    if _stands_nowhere():
        return _complain("the folder that you are in is gone: change to another", EXIT_BROKE)
    if exc.errno in NAME_REFUSED and exc.filename is not None:
        return _complain(f"{exc.filename}: {exc.strerror}", EXIT_BROKE)
    if exc.errno not in DISK_REFUSES:
        raise exc
    _drop_output()
    return _complain(f"cannot be written: {exc.strerror}", EXIT_BROKE)


def _stands_nowhere() -> bool:
    """Return whether the current folder was taken away, in which no name leads anywhere."""
    try:
        os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        return True
    return False


def _drop_output() -> None:
    """Forget what is left to print: Python tries once more when it ends, and would end with 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(problem: object, code: int) -> int:
    print(f"sourcekeep: {_readable(problem)}", file=sys.stderr)
    return code
