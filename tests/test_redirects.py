"""Meta refresh: which pages lead elsewhere."""

from __future__ import annotations

import pytest

from crawler.fetching.redirects import prompt_refresh

URL = "http://a.example/page"
REFRESH = '<meta http-equiv="refresh" content="{}">'


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0; url=/elsewhere", "http://a.example/elsewhere"),
        ("5;URL='http://b.example/'", "http://b.example/"),
        ("0;url=?from=stub", "http://a.example/page?from=stub"),
        ("6; url=/elsewhere", None),
        ("90; url=/elsewhere", None),
        ("0; url=/page", None),
        ("0; url=#top", None),
        ("30", None),
        ("0; url=javascript:alert(1)", None),
        ("0; url=file:///etc/passwd", None),
    ],
)
def test_a_prompt_refresh_to_another_page_is_followed(content: str, target: str | None) -> None:
    page = f"<html><head>{REFRESH.format(content)}</head></html>"
    assert prompt_refresh(page.encode(), URL) == target


@pytest.mark.parametrize(
    "page",
    [
        "<!-- {} -->",
        "<noscript>{}</noscript>",
        "<script>var a = '{}';</script>",
        "<title>{}</title>",
        "<style>{}</style>",
        "<textarea>{}</textarea>",
        "<template>{}</template>",
        "<iframe>{}</iframe>",
        "<p>refresh</p>",
    ],
)
def test_a_refresh_that_no_reader_meets_is_not_followed(page: str) -> None:
    refresh = REFRESH.format("0; url=/elsewhere")
    assert prompt_refresh(f"<html>{page}</html>".replace("{}", refresh).encode(), URL) is None


def test_a_base_in_the_page_counts() -> None:
    page = '<base href="http://c.example/x/">' + REFRESH.format("1;url=y")
    assert prompt_refresh(page.encode(), URL) == "http://c.example/x/y"
