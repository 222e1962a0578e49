"""The catalogue as a web: each script at an address of its own, and an archive that cites them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from crawler.demo.behaviours import TEXT, Behaviour, made, page
from crawler.demo.catalogue.making import NEIGHBOURS
from crawler.demo.catalogue.missing import casino_page
from crawler.demo.catalogue.press import headlines, notice, paper_of
from crawler.demo.catalogue.script import Cited, Script
from crawler.demo.catalogue.steps import Step
from crawler.demo.catalogue.walls import CONSENT
from crawler.demo.loopback import LoopbackWeb

ENTRY_DAY = "2026-02-20"
_FOLDER = "/news/2026/02/20"
_MARKDOWN = "text/markdown; charset=utf-8"
_HOSTS_PER_NET = 200
_MISSING = page("Nothing here.", status=404)


class CatalogueWeb(LoopbackWeb):
    """All scripts at once. Use it in a ``with`` statement, and move it by ``go_to``.

    It needs all of 127.0.0.0/8 to be local, as on Linux.
    """

    def __init__(self, scripts: Sequence[Script], *, port: int = 0) -> None:
        self.scripts = tuple(scripts)
        self._addresses = {script.name: _address(n) for n, script in enumerate(self.scripts)}
        missing = {self._addresses[s.name]: s.missing or _MISSING for s in self.scripts}
        missing |= dict.fromkeys(NEIGHBOURS.values(), _MISSING)
        super().__init__(missing, port=port, at=Step.FIRST.at)
        for script in self.scripts:
            for path, behaviour in script.routes.items():
                self.route(self._addresses[script.name], path, behaviour)
            for path, behaviour in script.elsewhere.items():
                self.route(NEIGHBOURS["elsewhere"], path, behaviour)
        for neighbour, path, behaviour in _neighbourhood():
            self.route(NEIGHBOURS[neighbour], path, behaviour)
        self._add_archive()

    def go_to(self, step: Step) -> None:
        """Set the clock to a step, and have those refuse connections that do so then."""
        self.move_to(step.at)
        silent = {self._addresses[s.name] for s in self.scripts if not s.listens_at(step)}
        everybody = {*self._addresses.values(), *NEIGHBOURS.values()}
        self.refuse(everybody if step.offline else silent)

    @property
    def index_url(self) -> str:
        """The page that lists all entries."""
        return f"http://{NEIGHBOURS['archive']}:{self.port}{_FOLDER}/index.md"

    @property
    def control_url(self) -> str:
        """A page that answers whenever anything does."""
        return f"http://{NEIGHBOURS['control']}:{self.port}/"

    def source_url(self, script: Script, cited: Cited) -> str:
        """Return the URL at which an entry cites a page."""
        address = self._addresses[script.name]
        return f"{cited.scheme}://{address}:{self.port}{quote(cited.path)}"

    def _add_archive(self) -> None:
        """Add an entry for each cited page, and the page that lists them."""
        archive = NEIGHBOURS["archive"]
        items = []
        for script in self.scripts:
            for number, cited in enumerate(script.cited):
                path = f"{_FOLDER}/{script.name}-{number}.md"
                items.append(f"1. [{headline_of(script, cited)} ]({path}) _{script.family}_")
                self.route(archive, path, self._entry(script, cited))
        listed = "\n".join(["", f"# {ENTRY_DAY}", "", *items, ""])
        self.route(archive, f"{_FOLDER}/index.md", page(listed, content_type=_MARKDOWN))

    def _entry(self, script: Script, cited: Cited) -> Behaviour:
        def told() -> str:
            lines = [
                "", f"### [{ENTRY_DAY}]({_FOLDER}/index.md)", "", f"##### {script.family}",
                f"# {headline_of(script, cited)} ", "", cited.summary, "",
                "### Sources:", "", f"1. [The source]({self.source_url(script, cited)})", "",
            ]  # fmt: skip
            return "\n".join(lines)

        return made(lambda request: page(told(), content_type=_MARKDOWN))


def headline_of(script: Script, cited: Cited) -> str:
    """Return the headline of an entry: date and headline are what tells entries apart."""
    return f"{cited.headline} ({paper_of(script.name)})"


def _address(number: int) -> str:
    net, host = divmod(number, _HOSTS_PER_NET)
    return f"127.42.{net}.{host + 1}"


def _neighbourhood() -> Iterator[tuple[str, str, Behaviour]]:
    """Give what stands at the hosts to which redirects lead: host, path, behaviour."""
    yield "control", "/", page("Yes.", content_type=TEXT)
    yield "consent", "/collectConsent", notice("Your privacy choices", CONSENT)
    yield "parking", "/lander", notice(
        "lantic-journal is for sale",
        "<h1>lantic-journal</h1><p>This domain may be for sale. Make an offer, or buy it now for "
        "a price that may surprise you.</p><h2>Related searches</h2><ul><li>Newspapers</li>"
        "<li>Ferries</li></ul>",
    )  # fmt: skip
    yield "elsewhere", "/portal", notice("The Portal", headlines("portal", 5))
    yield "casino", "/welcome-bonus", casino_page("Golden Anchor Casino: your welcome bonus")
