"""Signs of walls, challenges, shells and parked names in the markup of a short page (worker side).

A marker is a coded word ``family:name``. It is a hint for ``crawler.verdicts`` and proves nothing
alone: good articles carry the scripts of the same vendors. That is why only pages with little text
are looked through, which also keeps the cost off every normal page.

The table is our own list, November 2026, made from what the vendors' public documentation of their
integration and saved block pages name: hosts, paths and variables of the scripts.
"""

from __future__ import annotations

import re
from itertools import islice

from lxml import etree, html

MAX_SCRIPT_CHARS = 50_000  # of inline scripts, together; those of challenges have 1 to 10 kB
MAX_TARGETS = 400  # attributes with an address
MAX_TARGET_CHARS = 500

# What stands in an address or an inline script -> the marker. Lower case.
_SIGNS: tuple[tuple[str, str], ...] = (
    ("_cf_chl_opt", "challenge:cloudflare"),
    ("cf-browser-verification", "challenge:cloudflare"),
    ("/orchestrate/chl_", "challenge:cloudflare"),
    ("/orchestrate/jsch", "challenge:cloudflare"),
    ("/orchestrate/captcha", "challenge:cloudflare"),
    ("/orchestrate/managed", "challenge:cloudflare"),
    # the measuring script that any page behind this proxy may carry: no challenge by itself
    ("/cdn-cgi/challenge-platform", "script:cloudflare"),
    ("_incapsula_resource", "challenge:imperva"),
    ("ddos-shield.appspot.com", "challenge:project-shield"),
    ("captcha-delivery.com", "challenge:datadome"),
    ("px-captcha", "challenge:perimeterx"),
    ("captcha.px-cdn.net", "challenge:perimeterx"),
    ("captcha.px-cloud.net", "challenge:perimeterx"),
    ("/_sec/cp_challenge", "challenge:akamai"),
    ("sec-if-cpt-container", "challenge:akamai"),
    ("bm-verify=", "challenge:akamai"),
    ("errors.edgesuite.net", "challenge:akamai"),
    ("awswafcookiedomainlist", "challenge:aws-waf"),
    ("gokuprops", "challenge:aws-waf"),
    (".token.awswaf.com", "challenge:aws-waf"),
    (".captcha.awswaf.com", "challenge:aws-waf"),
    ("/.well-known/ddos-guard/", "challenge:ddos-guard"),
    ("sucuri_cloudproxy_js", "challenge:sucuri"),
    ("/.well-known/vercel/security/", "challenge:vercel"),
    ("/.within.website/x/cmd/anubis/", "challenge:anubis"),
    ("kpsdk", "challenge:kasada"),
    ("slowaes.decrypt", "challenge:test-cookie"),
    ("/.well-known/sgcaptcha/", "challenge:siteground"),
    ("servicepipe.ru", "challenge:servicepipe"),
    ("/distil_r_captcha", "challenge:imperva"),
    ("yandex.ru/showcaptcha", "challenge:yandex"),
    ("/showcaptcha", "challenge:yandex"),
    ("google.com/recaptcha", "captcha:recaptcha"),
    ("recaptcha.net/recaptcha", "captcha:recaptcha"),
    ("hcaptcha.com", "captcha:hcaptcha"),
    ("challenges.cloudflare.com/turnstile", "captcha:turnstile"),
    ("geetest.com", "captcha:geetest"),
    ("parkingcrew.net", "parking:parkingcrew"),
    ("d38psrni17bvxu.cloudfront.net", "parking:parkingcrew"),
    ("sedoparking.com", "parking:sedo"),
    ("sedo.com/search/details", "parking:sedo"),
    ("bodis.com", "parking:bodis"),
    ("google.com/adsense/domains/caf.js", "parking:adsense"),
    ("/parking-lander/", "parking:godaddy"),
    ("afternic.com/forsale/", "parking:afternic"),
    ("dan.com/buy-domain/", "parking:dan"),
    ("hugedomains.com/domain_profile", "parking:hugedomains"),
    ("above.com/marketplace/", "parking:above"),
    ("parklogic.com", "parking:parklogic"),
    ("domainmarket.com/buynow/", "parking:domainmarket"),
    ("buydomains.com/lander/", "parking:buydomains"),
    ("namebrightstatic.com", "parking:namebright"),
    ("parkingpage.namecheap.com", "parking:namecheap"),
    ("parking.namesilo.com", "parking:namesilo"),
    ("skenzo.com", "parking:skenzo"),
    ("ztomy.com", "parking:ztomy"),
    ("voodoo.com/domain", "parking:voodoo"),
    ("uniregistry.com/buy-domain", "parking:uniregistry"),
    ("consent.google.", "consent:gateway"),
    ("consent.youtube.com", "consent:gateway"),
    ("consent.yahoo.com", "consent:gateway"),
    ("guce.", "consent:gateway"),
    ("cookielaw.org", "consent:platform"),
    ("onetrust", "consent:platform"),
    ("sourcepoint", "consent:platform"),
    ("sp-prod.net", "consent:platform"),
    ("privacy-mgmt.com", "consent:platform"),
    ("privacy-center.org", "consent:platform"),
    ("didomi", "consent:platform"),
    ("consentmanager.net", "consent:platform"),
    ("cookiebot.com", "consent:platform"),
    ("usercentrics", "consent:platform"),
    ("quantcast.mgr.consensu.org", "consent:platform"),
    ("trustarc.com", "consent:platform"),
    ("contentpass.net", "consent:platform"),
    ("cookiefirst.com", "consent:platform"),
    ("iubenda.com", "consent:platform"),
)
_TO_LOGIN = re.compile(r"[/?&.](?:log|sign)[-_]?in\b|/uas/login|/authwall", re.IGNORECASE)
# what follows "location"
_SENDS_AWAY = re.compile(r"(?:\.href)?\s{0,9}=(?!=)|\.(?:replace|assign)\s{0,9}\(")
_TARGETS = ("script", "iframe", "frame", "img", "form", "a", "link")
_FORM_TARGETS = etree.XPath(".//form/@action", smart_strings=False)
# Where frameworks hang the page that they build: "root" of React, "app" of Vue, "__next" …
_ROOT_TAGS = ("div", "main", "app-root", "my-app")
_ROOT_IDS = frozenset(
    {"root", "app", "__next", "__nuxt", "___gatsby", "react-root", "app-root", "approot"}
    | {"ember-app", "svelte", "application", "main-app"}
)
MAX_ROOTS = 8
_FRAMED = etree.XPath("boolean(.//frameset)")


def markers_of(tree: html.HtmlElement) -> tuple[str, ...]:
    """Return the markers of a page, sorted; the caller has seen that it is a short one."""
    scripts = _inline_scripts(tree)
    haystack = "\n".join((*_targets(tree), scripts)).lower()
    found = {marker for sign, marker in _SIGNS if sign in haystack}
    if any(_TO_LOGIN.search(target[:500]) for target in _FORM_TARGETS(tree)[:20]):
        found.add("login:form")
    if any(_SENDS_AWAY.match(rest[:40]) for rest in scripts.split("location")[1:]):
        found.add("redirect:script")
    if _asks_for_script(tree):
        found.add("shell:noscript")
    if any(not _text_within(root) for root in _roots(tree)):
        found.add("shell:empty-root")
    if _FRAMED(tree):
        found.add("shell:frameset")
    return tuple(sorted(found))


def _targets(tree: html.HtmlElement) -> list[str]:
    """Return the addresses that a page loads, links to and sends forms to."""
    found: list[str] = []
    for element in tree.iter(*_TARGETS):
        target = element.get("src") or element.get("href") or element.get("action")
        if target:
            found.append(target[:MAX_TARGET_CHARS])
            if len(found) == MAX_TARGETS:
                break
    return found


def _inline_scripts(tree: html.HtmlElement) -> str:
    """Return the scripts that stand in the page, up to a length that is searched quickly."""
    parts: list[str] = []
    room = MAX_SCRIPT_CHARS
    for script in tree.iter("script"):
        if script.text and room > 0:
            parts.append(script.text[:room])
            room -= len(script.text)
    return "\n".join(parts)


def _asks_for_script(tree: html.HtmlElement) -> bool:
    """Return whether a ``noscript`` speaks of JavaScript; the word is the same in all languages."""
    return any(
        "javascript" in "".join(element.itertext())[:5_000].lower()
        for element in tree.iter("noscript")
    )


def _roots(tree: html.HtmlElement) -> list[html.HtmlElement]:
    roots = (
        element
        for element in tree.iter(*_ROOT_TAGS)
        if "-" in element.tag or (element.get("id") or "").lower() in _ROOT_IDS
    )
    return list(islice(roots, MAX_ROOTS))


def _text_within(root: html.HtmlElement) -> bool:
    """Return whether an element shows any text of its own."""
    return any(
        not text.isspace()
        for element in root.iter()
        if element.tag not in ("script", "style", "noscript", "template")
        for text in (element.text or "", element.tail if element is not root else "")
        if text
    )
