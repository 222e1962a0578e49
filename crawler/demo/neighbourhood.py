"""What else the publishers serve: robots.txt, front pages, walls, the far ends of redirects."""

from __future__ import annotations

import json

from crawler.demo import behaviours as does
from crawler.demo.behaviours import Behaviour, day, page, redirect, versions
from crawler.demo.pages import render_front
from crawler.demo.publishers import LANTERN, PUBLISHERS
from crawler.demo.showing import dated_path, not_found, notice, shows
from crawler.demo.sources import SOURCES
from crawler.demo.texts import has_text, load_text

Route = tuple[str, str, Behaviour]  # host, path, what happens there

_APP = """\
fetch("/api/notices/cable.json").then(answer => answer.json()).then(notice => {
  const app = document.getElementById("app");
  for (const text of [notice.title, ...notice.paragraphs]) {
    app.appendChild(document.createElement("p")).textContent = text;
  }
});
"""


def _robots(*rules: str) -> Behaviour:
    return page("\n".join(["User-agent: *", *rules, ""]), content_type=does.TEXT)


def list_routes() -> list[Route]:
    """Return everything that the publishers serve, the archive site excepted."""
    cable = load_text("cable-notice")
    told = json.dumps({"title": cable.title, "paragraphs": cable.paragraphs})
    routes: list[Route] = [
        ("courier", "/robots.txt", _robots("Disallow: /letters/")),
        ("ministry", "/robots.txt", _robots("Disallow:")),
        ("radio", "/robots.txt", _robots("Disallow: /search", "Allow: /")),
        ("review", "/robots.txt", _robots("Disallow: /subscribers/")),
        ("bay-daily", "/robots.txt", _robots("Disallow:")),
        ("institute", "/robots.txt", page("The server is out of order.", status=500)),
        ("wire", "/desk/nature/48113", redirect(dated_path("pony-route"), 302)),
        ("wire", dated_path("pony-route"), shows("wire", "pony-route")),
        ("ministry", "/assets/app.js", page(_APP, content_type="text/javascript")),
        ("ministry", "/api/notices/cable.json", page(told, content_type="application/json")),
        (
            "gazette",
            "/town/2026/01/a-second-spring",
            versions({day(1): not_found("gazette"), day(4): shows("gazette", "quillan-spring")}),
        ),
        ("radio", "/morning-tide/year-of-the-swan", shows("radio", "lead-weights-talk")),
        (
            "radio",
            "/consent",
            notice(
                "radio",
                "Before you continue",
                "We and our 214 partners store cookies and similar technologies on your device "
                "to measure audiences and to show personalised advertisements.",
                "<button>Accept all</button> <button>Reject all</button> "
                '<a href="/privacy">Manage your consent</a>',
            ),
        ),
        (
            "review",
            "/login",
            notice(
                "review",
                "Log in",
                "This essay is for subscribers.",
                '<form method="post"><label>E-mail <input name="email"></label> '
                '<label>Password <input name="password" type="password"></label> '
                "<button>Log in</button></form>",
            ),
        ),
        ("review", "/essays/2026/the-anchor-again", redirect("/essays/2026/the-anchor")),
    ]
    routes += [(s.host, s.path, s.behaviour) for s in SOURCES.values() if s.behaviour]
    routes += [(key, "/", _front(key)) for key in PUBLISHERS if key != LANTERN.key]
    return routes


def _front(host: str) -> Behaviour:
    titles = {
        source.path: load_text(name).title
        if has_text(name)
        else name.replace("-", " ").capitalize()
        for name, source in SOURCES.items()
        if source.host == host
    }
    return page(render_front(PUBLISHERS[host], titles))
