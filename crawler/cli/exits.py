"""The exit codes of every command, for the scripts and timers that go by them."""

EXIT_DONE = 0  # and nothing needs attention
EXIT_BROKE = 1  # it did not run, or broke
EXIT_USAGE = 2
EXIT_ATTENTION = 3  # done, but something needs a person; only with --strict
EXIT_INTEGRITY = 4  # what is kept does not match its digest
