"""The pictures of the README, made from the demo: ``make pictures``."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.browsing import Recorder, chromium, inspected
from tests.conftest import ROOT
from tests.crawling import sourcekeep

PICTURES = ROOT / "docs" / "pictures"
WIDTH = 1000
LARGEST_BYTES = 150_000


def draw_vanished(page: Any, front: str, to: Path) -> None:
    """A source that vanished: what is concluded, and from which visits."""
    page.goto(front)
    page.get_by_role("link", name=re.compile("One hundred and seven ponies")).first.click()
    _draw(page, to, until=page.locator("#why + p"))


def draw_change(page: Any, front: str, to: Path) -> None:
    """What exactly changed: two copies of a source, side by side."""
    page.goto(front)
    article = page.get_by_role("listitem").filter(has_text="Islands set up harbour fund")
    article.get_by_role("link", name="what changed").click()
    changed = page.locator("table tr", has=page.locator("del"))
    _draw(page, to, until=changed.last)


def _draw(page: Any, to: Path, *, until: Any) -> None:
    """Take the page from its top to the end of an element."""
    box = until.bounding_box()
    height = box["y"] + box["height"] + 1
    page.screenshot(
        path=to, full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": height}
    )
    taken = to.stat().st_size
    if taken > LARGEST_BYTES:
        sys.exit(f"{to.name} has {taken} bytes, more than {LARGEST_BYTES}")
    print(f"{to.relative_to(ROOT)}  {taken} bytes")


def main() -> None:
    """Run the demo, look at it in Chromium, and draw."""
    with TemporaryDirectory() as folder, Recorder() as recorder, chromium(recorder) as browser:
        done = sourcekeep("demo", cwd=Path(folder))
        if done.code:
            sys.exit(done.err)
        context = browser.new_context(viewport={"width": WIDTH, "height": 800}, locale="en-GB")
        PICTURES.mkdir(exist_ok=True)
        with inspected(Path(folder) / "demo.db") as front:
            draw_vanished(context.new_page(), front, PICTURES / "vanished.png")
            draw_change(context.new_page(), front, PICTURES / "change.png")
        context.close()


if __name__ == "__main__":
    main()
