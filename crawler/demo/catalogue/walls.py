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
    Case,
    never_good,
    story_of,
    to_neighbour,
    turning,
)
from crawler.demo.catalogue.press import Sheet, metadata, not_found, notice, shows
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
    never: States = {Step.FIRST: "unknown", Step.TURN: "blocked"}
    passing = Golden({**GOOD, Step.TURN: "blocked", Step.HOUR: "live"}, {}, {Step.FIRST: "live"})
    slow_down = page("Slow down.", status=429)
    captcha = notice(
        "Verify you are human",
        "<h1>Verify you are human</h1><p>Press and hold the button.</p>",
    )
    return [
        *map(_guarded, _BLOCKS),
        Case("block-robots-too", "robots", "429 on every path: robots.txt cannot be read either")
        .turned(slow_down, turning("robots-excluded", EXCLUDED))
        .with_missing(over(not_found("block-robots-too"), {Step.TURN: slow_down})),
        Case("block-before", "blocked", "403 from the first look on").always(
            _BLOCKS[0].behaviour, never_good("blocked", never)
        ),
        Case("block-once", "blocked", "429 once, then as before").staged(
            {Step.TURN: slow_down, Step.HOUR: shows("block-once", story_of("block-once"))}, passing
        ),
        Case("block-sink", "blocked", "302 to a page that asks for a captcha, with status 200")
        .turned(redirect("/captcha/verify?u=4711", 302), turning("blocked", BLOCKED))
        .with_routes({"/captcha/verify": captcha}),
    ]


def _guarded(block: _Block) -> Script:
    script = Case(block.name, "blocked", block.known).turned(
        block.behaviour, turning("blocked", BLOCKED)
    )
    refusing = over(not_found(block.name), {Step.TURN: block.behaviour})
    return script.with_routes({"/robots.txt": _ALLOWS}).with_missing(refusing)


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
    legal = turning("legal", LEGAL)
    return [
        Case("legal-451", "legal", "451").turned(
            notice("Unavailable", "<h1>451</h1>", status=451), legal
        ),
        Case("legal-gdpr", "legal", "200, but readers of Europe are refused").turned(
            notice("Unavailable", abroad), legal
        ),
        Case("legal-region", "legal", "403 for a region").turned(
            notice("Not available", region, status=403), legal
        ),
    ]


# --- for money ------------------------------------------------------------------------------------


_OFFER = (
    '<div class="paywall"><p>To continue reading, please subscribe.</p>'
    '<a href="/subscribe">Subscribe</a> <a href="/login">Log in</a></div>'
)
_GERMAN_OFFER = (
    '<div class="paywall"><p>Weiterlesen mit einem Abonnement.</p>'
    '<a href="/abo">Jetzt abonnieren</a> <a href="/login">Anmelden</a></div>'
)
_UNFREE = metadata(isAccessibleForFree=False)
_LOCKED = '<meta property="article:content_tier" content="locked">'


def _teaser(name: str, text: Text, head: str, offer: str = _OFFER) -> Behaviour:
    sheet = Sheet(replace(text, paragraphs=text.paragraphs[:1]), head=head, inside=offer)
    return shows(name, sheet)


def _paywalls() -> list[Script]:
    never: States = {Step.FIRST: "unknown", Step.TURN: "walled"}
    to_login = made(lambda request: redirect(f"/login?next={request.path}", 302))
    name = "pay-teaser-before"
    before = Case(name, "paywall", "a teaser from the first look on", story_of(name).text)
    return [
        _paid("pay-401", "401", notice("Sign in", "<h1>Sign in</h1>", status=401)),
        _paid("pay-402", "402", notice("Pay", "<h1>Payment required</h1>", status=402)),
        _paid("pay-login", "302 to a login", to_login),
        _paid(
            "pay-teaser", "a paragraph is left; JSON-LD says that it is not free",
            _teaser("pay-teaser", story_of("pay-teaser").text, _UNFREE),
        ),
        _paid(
            "pay-tier", "a paragraph is left; its tier is locked",
            _teaser("pay-tier", story_of("pay-tier").text, _LOCKED),
        ),
        _paid(
            "pay-teaser-de", "a paragraph is left, German",
            _teaser("pay-teaser-de", in_language("de"), _UNFREE, _GERMAN_OFFER),
            in_language("de"),
        ),
        before.always(
            _teaser(name, story_of(name).text, _UNFREE), never_good("paywall", never)
        ),
    ]  # fmt: skip


def _paid(name: str, known: str, later: Behaviour, text: Text | None = None) -> Script:
    """A page that asks for money from the turn on, at a host with a login."""
    login = notice(
        "Log in",
        '<h1>Log in</h1><form method="post"><label>E-mail <input name="email"></label> '
        '<label>Password <input name="password" type="password"></label>'
        "<button>Log in</button></form>",
    )
    case = Case(name, "paywall", known, text)
    return case.turned(later, turning("paywall", WALLED)).with_routes({"/login": login})


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
    golden = turning("consent-wall", WALLED)
    never: States = {Step.FIRST: "unknown", Step.TURN: "walled"}
    form = notice("Your privacy", CONSENT)
    at_gateway = "every path leads to a gateway on another host"
    return [
        _form_in("en").turned_wholly(form, golden),
        _form_in("de").turned_wholly(notice("Einwilligung", _GERMAN, language="de"), golden),
        _form_in("fr").turned_wholly(notice("Consentement", _FRENCH, language="fr"), golden),
        Case("consent-gateway", "consent", at_gateway).turned_wholly(gate, golden),
        Case("consent-path", "consent", "every path leads to /consent/ of the host")
        .turned_wholly(own, golden)
        .with_routes({"/consent/": form}),
        Case("consent-before", "consent", "a form in place of every page from the first look on")
        .always(form, never_good("consent-wall", never))
        .with_routes({"/": form})
        .with_missing(form),
    ]


def _form_in(language: str) -> Case:
    known = f"a form in place of every page, language {language}"
    printed = None if language == "en" else in_language(language)
    return Case(f"consent-{language}", "consent", known, printed)


# --- robots.txt -----------------------------------------------------------------------------------


def _robots() -> list[Script]:
    denies = page("User-agent: *\nDisallow: /\n", content_type=TEXT)
    broken = page("Internal error", status=500)
    never: States = {Step.FIRST: "unknown", Step.TURN: "excluded"}
    later, before = turning("robots-excluded", EXCLUDED), never_good("robots-excluded", never)
    return [
        _with_rules(
            "robots-later", "disallowed from the turn on", over(_ALLOWS, {Step.TURN: denies}), later
        ),
        _with_rules(
            "robots-breaks", "robots.txt answers 500 from the turn on",
            over(_ALLOWS, {Step.TURN: broken}), later,
        ),
        _with_rules("robots-denies", "disallowed from the first look on", denies, before),
        _with_rules("robots-500", "robots.txt answers 500 from the first look on", broken, before),
        _with_rules(
            "robots-403", "robots.txt answers 403: there are no rules", page("No", status=403),
            Golden(GOOD, {}, ALIVE),
        ),
    ]  # fmt: skip


def _with_rules(name: str, known: str, rules: Behaviour, golden: Golden) -> Script:
    """A page that stays as it is, at a host with a robots.txt."""
    return Case(name, "robots", known).staged({}, golden).with_routes({"/robots.txt": rules})


def list_walls() -> list[Script]:
    """Return the scripts of pages that are withheld."""
    return [*_blocked(), *_legal(), *_paywalls(), *_consent(), *_robots()]
