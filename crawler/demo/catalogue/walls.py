"""Scripts of pages that are withheld: blocked, for sale, behind consent, by law, by robots.txt.

The signatures of blocks are those by which the Environmental Data & Governance Initiative tells
the quality of its snapshots: headers of the services that guard hosts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crawler.demo.behaviours import TEXT, Behaviour, made, page, redirect
from crawler.demo.catalogue.making import (
    BLOCKED,
    EXCLUDED,
    LEGAL,
    WALLED,
    never_good,
    single,
    story_of,
    to_neighbour,
    turning,
)
from crawler.demo.catalogue.press import Sheet, front, metadata, not_found, notice, shows
from crawler.demo.catalogue.script import ALIVE, GOOD, Golden, Script, States
from crawler.demo.catalogue.steps import Step, over
from crawler.demo.catalogue.stories import in_language
from crawler.demo.texts import Text
from crawler.items import Header


@dataclass(frozen=True, slots=True)
class _Block:
    """How a guard refuses."""

    name: str
    known: str
    status: int
    headers: Sequence[Header] = ()
    title: str = "Access denied"
    body: str = "<h1>Access denied</h1><p>You do not have permission to view this page.</p>"
    head: str = ""

    @property
    def behaviour(self) -> Behaviour:
        """Answer every request with the refusal."""
        return notice(
            self.title, self.body, status=self.status, headers=self.headers, head=self.head
        )


_MOMENT = (
    "<h1>Just a moment...</h1><p>Verifying that you are human. This may take a few seconds.</p>"
)
_TURNSTILE = '<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script>'

_BLOCKS = (
    _Block("block-403", "a plain 403", 403),
    _Block("block-cloudflare", "cf-mitigated: challenge", 403, (
        ("Server", "cloudflare"), ("CF-Mitigated", "challenge")), "Just a moment...", _MOMENT,
        _TURNSTILE),
    _Block("block-waf-challenge", "x-amzn-waf-action: challenge, with status 202", 202, (
        ("X-Amzn-Waf-Action", "challenge"),), "", "<script src='/challenge.js'></script>"),
    _Block("block-waf-captcha", "x-amzn-waf-action: captcha, with status 405", 405, (
        ("X-Amzn-Waf-Action", "captcha"),), "Human verification",
        "<p>Let us confirm you are human.</p>"),
    _Block("block-rimon", "rimon: rwc_block, with status 200", 200, (
        ("Rimon", "RWC_BLOCK"),), "Blocked", "<p>The site is blocked by a filter.</p>"),
    _Block("block-awselb", "a short 403 of awselb/2.0", 403, (("Server", "awselb/2.0"),),
        "403 Forbidden", "<center><h1>403 Forbidden</h1></center>"),
    _Block("block-akamai", "AkamaiGHost, short and not to be cached", 403, (
        ("Server", "AkamaiGHost"), ("Cache-Control", "no-cache"), ("Expires", "0")),
        "Access Denied", "<h1>Access Denied</h1><p>Reference #18.4f1d</p>"),
    _Block("block-cloudfront", "CloudFront's own error, not the origin's", 403, (
        ("Server", "CloudFront"), ("X-Cache", "Error from cloudfront")),
        "ERROR: The request could not be satisfied", "<h1>403 ERROR</h1><p>Request blocked.</p>"),
    _Block("block-edge", "a 4xx whose origin took no time at all", 400, (
        ("Server-Timing", "cdn-cache; desc=HIT, edge; dur=1, origin; dur=0"),),
        "Bad request", "<p>Bad request</p>"),
    _Block("block-429", "429 without a time to wait", 429, (), "Too many requests",
        "<h1>Too many requests</h1>"),
    _Block("block-429-later", "429 with Retry-After", 429, (("Retry-After", "1800"),),
        "Too many requests", "<h1>Slow down</h1>"),
    _Block("block-503", "503 with a challenge that scripts solve", 503, (
        ("Server", "cloudflare"), ("CF-Mitigated", "challenge")), "Just a moment...", _MOMENT,
        _TURNSTILE),
    _Block("block-503-title", "503 with a challenge that only its page tells", 503, (),
        "Checking your browser before accessing", "<h1>Checking your browser before accessing the "
        "site.</h1><p>This process is automatic. Please enable JavaScript and cookies.</p>",
        _TURNSTILE),
    _Block("block-999", "999, as one network says it", 999),
)  # fmt: skip


_ALLOWS = page("User-agent: *\nDisallow: /search\n", content_type=TEXT)


def _blocked() -> list[Script]:
    scripts = []
    for block in _BLOCKS:
        story = story_of(block.name)
        behaviour = over(shows(block.name, story), {Step.TURN: block.behaviour})
        scripts.append(
            single(
                block.name, "blocked", block.known, story, behaviour,
                turning("blocked", BLOCKED), routes={"/robots.txt": _ALLOWS},
                missing=over(not_found(block.name), {Step.TURN: block.behaviour}),
            )
        )  # fmt: skip
    never: States = {Step.FIRST: "unknown", Step.TURN: "blocked"}
    passing: States = {Step.FIRST: "live"}
    story = story_of("block-once")
    everywhere = page("Slow down.", status=429)
    told = story_of("block-robots-too")
    return [
        *scripts,
        single(
            "block-robots-too", "robots", "429 on every path: robots.txt cannot be read either",
            told, over(shows("block-robots-too", told), {Step.TURN: everywhere}),
            turning("robots-excluded", EXCLUDED),
            missing=over(not_found("block-robots-too"), {Step.TURN: everywhere}),
        ),
        single(
            "block-before", "blocked", "403 from the first look on", story_of("block-before"),
            _BLOCKS[0].behaviour, never_good("blocked", never),
        ),
        single(
            "block-once", "blocked", "429 once, then as before", story,
            over(
                shows("block-once", story),
                {Step.TURN: page("Slow down.", status=429), Step.HOUR: shows("block-once", story)},
            ),
            Golden({**GOOD, Step.TURN: "blocked", Step.HOUR: "live"}, {}, passing),
        ),
        single(
            "block-sink", "blocked", "302 to a page that asks for a captcha, with status 200",
            story_of("block-sink"),
            over(
                shows("block-sink", story_of("block-sink")),
                {Step.TURN: redirect("/captcha/verify?u=4711", 302)},
            ),
            turning("blocked", BLOCKED),
            routes={
                "/captcha/verify": notice(
                    "Verify you are human",
                    "<h1>Verify you are human</h1><p>Press and hold the button.</p>",
                )
            },
        ),
    ]  # fmt: skip


# --- by law ---------------------------------------------------------------------------------------


def _legal() -> list[Script]:
    abroad = (
        "<h1>451: Unavailable for legal reasons</h1><p>We recognise that you are attempting to "
        "access this website from a country belonging to the European Economic Area which "
        "enforces the General Data Protection Regulation (GDPR) and therefore access cannot be "
        "granted at this time.</p>"
    )
    region = (
        "<h1>Sorry</h1><p>This content is not available in your region or country for legal "
        "reasons.</p>"
    )
    answers = {
        "legal-451": ("451", notice("Unavailable", "<h1>451</h1>", status=451)),
        "legal-gdpr": ("200, but readers of Europe are refused", notice("Unavailable", abroad)),
        "legal-region": ("403 for a region", notice("Not available", region, status=403)),
    }
    scripts = []
    for name, (known, later) in answers.items():
        story = story_of(name)
        behaviour = over(shows(name, story), {Step.TURN: later})
        scripts.append(single(name, "legal", known, story, behaviour, turning("legal", LEGAL)))
    return scripts


# --- for money ------------------------------------------------------------------------------------


def _teaser(name: str, text: Text, *, head: str, offer: str) -> Behaviour:
    sheet = Sheet(replace(text, paragraphs=text.paragraphs[:1]), head=head, inside=offer)
    return shows(name, sheet)


def _paywalls() -> list[Script]:
    offer = (
        '<div class="paywall"><p>To continue reading, please subscribe.</p>'
        '<a href="/subscribe">Subscribe</a> <a href="/login">Log in</a></div>'
    )
    german = (
        '<div class="paywall"><p>Weiterlesen mit einem Abonnement.</p>'
        '<a href="/abo">Jetzt abonnieren</a> <a href="/login">Anmelden</a></div>'
    )
    unfree = metadata(isAccessibleForFree=False)
    locked = '<meta property="article:content_tier" content="locked">'
    login = notice(
        "Log in",
        '<h1>Log in</h1><form method="post"><label>E-mail <input name="email"></label> '
        '<label>Password <input name="password" type="password"></label>'
        "<button>Log in</button></form>",
    )
    to_login = made(lambda request: redirect(f"/login?next={request.path}", 302))
    names = ("pay-401", "pay-402", "pay-login", "pay-teaser", "pay-tier", "pay-teaser-before")
    told = {name: story_of(name).text for name in names}
    told["pay-teaser-de"] = in_language("de")
    later = {
        "pay-401": ("401", notice("Sign in", "<h1>Sign in</h1>", status=401)),
        "pay-402": ("402", notice("Pay", "<h1>Payment required</h1>", status=402)),
        "pay-login": ("302 to a login", to_login),
        "pay-teaser": ("a paragraph is left; JSON-LD says that it is not free", _teaser(
            "pay-teaser", told["pay-teaser"], head=unfree, offer=offer)),
        "pay-tier": ("a paragraph is left; its tier is locked", _teaser(
            "pay-tier", told["pay-tier"], head=locked, offer=offer)),
        "pay-teaser-de": ("a paragraph is left, German", _teaser(
            "pay-teaser-de", told["pay-teaser-de"], head=unfree, offer=german)),
    }  # fmt: skip
    scripts = [
        single(
            name, "paywall", known, told[name],
            over(shows(name, told[name]), {Step.TURN: behaviour}),
            turning("paywall", WALLED), routes={"/login": login},
        )
        for name, (known, behaviour) in later.items()
    ]  # fmt: skip
    never: States = {Step.FIRST: "unknown", Step.TURN: "walled"}
    name = "pay-teaser-before"
    scripts.append(
        single(
            name, "paywall", "a teaser from the first look on", told[name],
            _teaser(name, told[name], head=unfree, offer=offer), never_good("paywall", never),
        )
    )  # fmt: skip
    return scripts


# --- consent --------------------------------------------------------------------------------------

CONSENT = (
    "<h1>Before you continue</h1><p>We and our 142 partners store and access information on your "
    "device, such as cookies, to measure audiences and to show personalised advertising. You can "
    "accept, reject or manage your consent at any time.</p><button>Accept all</button>"
    "<button>Reject all</button><a href='/privacy'>Privacy settings</a>"
)
_GERMAN = (
    "<h1>Mit Werbung weiterlesen</h1><p>Wir und unsere Partner verwenden Cookies, um Inhalte und "
    "Anzeigen zu personalisieren. Ihre Einwilligung können Sie jederzeit widerrufen.</p>"
    "<button>Alle akzeptieren</button><button>Einstellungen</button><a href='/datenschutz'>"
    "Datenschutz</a>"
)
_FRENCH = (
    "<h1>Votre consentement</h1><p>Avec votre accord, nos partenaires et nous utilisons des "
    "cookies pour mesurer l'audience et personnaliser les publicités.</p><button>Tout accepter"
    "</button><button>Continuer sans accepter</button><a href='/confidentialite'>Vie privée</a>"
)


def _consent() -> list[Script]:
    gate = to_neighbour("consent", "/collectConsent?sessionId=4711", 302)
    own = made(lambda request: redirect(f"/consent/?return={request.path}", 302))
    inline = {
        "consent-en": ("en", notice("Your privacy", CONSENT)),
        "consent-de": ("de", notice("Einwilligung", _GERMAN, language="de")),
        "consent-fr": ("fr", notice("Consentement", _FRENCH, language="fr")),
    }
    golden = turning("consent-wall", WALLED)
    scripts = [
        single(
            name, "consent", f"a form in place of every page, language {language}",
            printed := (story_of(name) if language == "en" else in_language(language)),
            over(shows(name, printed), {Step.TURN: form}), golden,
            routes={"/": over(front(name), {Step.TURN: form})},
            missing=over(not_found(name), {Step.TURN: form}),
        )
        for name, (language, form) in inline.items()
    ]  # fmt: skip
    for name, known, wall in (
        ("consent-gateway", "every path leads to a gateway on another host", gate),
        ("consent-path", "every path leads to /consent/ of the host", own),
    ):
        story = story_of(name)
        scripts.append(
            single(
                name, "consent", known, story,
                over(shows(name, story), {Step.TURN: wall}), golden,
                routes={
                    "/": over(front(name), {Step.TURN: wall}),
                    "/consent/": notice("Your privacy", CONSENT),
                },
                missing=over(not_found(name), {Step.TURN: wall}),
            )
        )  # fmt: skip
    never: States = {Step.FIRST: "unknown", Step.TURN: "walled"}
    form = notice("Your privacy", CONSENT)
    scripts.append(
        single(
            "consent-before", "consent", "a form in place of every page from the first look on",
            story_of("consent-before"), form, never_good("consent-wall", never),
            routes={"/": form}, missing=form,
        )
    )  # fmt: skip
    return scripts


# --- robots.txt -----------------------------------------------------------------------------------


def _robots() -> list[Script]:
    denies = page("User-agent: *\nDisallow: /\n", content_type=TEXT)
    broken = page("Internal error", status=500)
    never: States = {Step.FIRST: "unknown", Step.TURN: "excluded"}
    files = {
        "robots-later": ("disallowed from the turn on", over(_ALLOWS, {Step.TURN: denies}),
                         turning("robots-excluded", EXCLUDED)),
        "robots-breaks": ("robots.txt answers 500 from the turn on",
                          over(_ALLOWS, {Step.TURN: broken}), turning("robots-excluded", EXCLUDED)),
        "robots-denies": ("disallowed from the first look on", denies,
                          never_good("robots-excluded", never)),
        "robots-500": ("robots.txt answers 500 from the first look on", broken,
                       never_good("robots-excluded", never)),
        "robots-403": ("robots.txt answers 403: there are no rules", page("No", status=403),
                       Golden(GOOD, {}, ALIVE)),
    }  # fmt: skip
    return [
        single(
            name, "robots", known, story := story_of(name), shows(name, story), golden,
            routes={"/robots.txt": robots},
        )
        for name, (known, robots, golden) in files.items()
    ]  # fmt: skip


def list_walls() -> list[Script]:
    """Return the scripts of pages that are withheld."""
    return [*_blocked(), *_legal(), *_paywalls(), *_consent(), *_robots()]
