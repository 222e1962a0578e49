"""Where other archives may hold a source: links for a person, which nothing of ours follows."""

from __future__ import annotations

from crawler.inspect.places import followable


def elsewhere(url: str, day: str | None) -> list[tuple[str, str]]:
    """Return names and links of web archives' copies of a URL, near a day where one is known.

    Empty for what cannot be a link.
    """
    if not followable(url):
        return []
    digits = (day or "").replace("-", "")
    return [
        ("Internet Archive, all copies", f"https://web.archive.org/web/*/{url}"),
        *([(f"Internet Archive, near {day}", f"https://web.archive.org/web/{digits}/{url}")]
          if digits else []),
        ("archive.today", f"https://archive.ph/{url}"),
        ("Arquivo.pt", f"https://arquivo.pt/wayback/*/{url}"),
    ]  # fmt: skip
