"""How many of the URLs that real entries cite, and of saved articles, have which other addresses.

python benchmarks/alternates.py [--shared FOLDER]
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from measuring import options

from crawler.errors import UrlError
from crawler.urls.alternates import alternates


def cited(corpus: Path) -> list[str]:
    """Return the URLs that entries cite."""
    return list(json.loads((corpus / "entries/zh-cited-urls.json").read_text(encoding="utf-8")))


def saved(corpus: Path) -> list[str]:
    """Return the URLs of the saved articles that have one."""
    with (corpus / "articles.jsonl").open(encoding="utf-8") as lines:
        return [url for line in lines if (url := json.loads(line).get("url"))]


def count(urls: Iterable[str]) -> Counter[str]:
    """Return how many of some URLs have an alternate of each form."""
    found: Counter[str] = Counter()
    for url in urls:
        try:
            forms = {each.form for each in alternates(url)}
        except UrlError:
            continue
        found["URLs"] += 1
        found.update(forms or {"none"})
    return found


def main() -> None:
    chosen = options(__doc__, pages=None, rounds=1).parse_args()
    corpus = Path(chosen.shared) / "corpus"
    for name, urls in (("cited", cited(corpus)), ("saved", saved(corpus))):
        found = count(urls)
        print(name, ", ".join(f"{form} {n}" for form, n in found.most_common()))


if __name__ == "__main__":
    main()
