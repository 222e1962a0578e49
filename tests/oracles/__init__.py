"""Programs of others that tests compare with, as `make oracles` installs them."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def program(oracle: str, command: str) -> Path:
    """Return the path of a command of an oracle; skip the test where the oracle is absent."""
    place = ROOT / ".oracles" / oracle
    if not (place / "installed").exists():
        pytest.skip(f"{oracle} is not installed (make oracles)")
    return place / "bin" / command
