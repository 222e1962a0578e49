"""What may become a link to the web, and where other archives may hold a source.

The links are for a person; nothing of ours follows them.
"""

from __future__ import annotations

from urllib.parse import urlsplit

LINKED_WEB = "noreferrer noopener nofollow external"  # `rel` of each link that leaves this server


def followable(url: object) -> bool:
    """Return whether a URL may be a link: a cited ``javascript:`` must not."""
    try:
        return urlsplit(str(url)).scheme in ("http", "https")
    except ValueError:
        return False


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
