"""One visit, one outcome: every row of the decision table, and what only looks like one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.extraction.article import read_payload
from crawler.items import Article, Hop
from crawler.verdicts.judging import judge
from crawler.verdicts.observation import Expectation, Observation, Probe, Surroundings
from crawler.verdicts.outcomes import LIVE, OUTCOMES
from crawler.verdicts.probes import probe_url
from crawler.verdicts.reasons import EVIDENCE, REASONS
from crawler.verdicts.vocabulary import absence
from crawler.verdicts.vocabulary.challenges import CHALLENGES
from crawler.verdicts.vocabulary.consent import CONSENT as CONSENT_WORDS
from crawler.verdicts.vocabulary.legal import WITHHELD
from crawler.verdicts.vocabulary.login import LOGIN as LOGIN_WORDS
from crawler.verdicts.vocabulary.login import LOGIN_ASKED, SUBSCRIBE
from crawler.verdicts.vocabulary.parking import DEFAULT_PAGES
from crawler.verdicts.vocabulary.parking import FOR_SALE as FOR_SALE_WORDS
from crawler.verdicts.vocabulary.phrases import fold
from tests.judged import (
    ARTICLE,
    PARAGRAPHS,
    SENTENCES,
    TITLE,
    URL,
    good,
    judged,
    outcome,
    page,
    seen,
)
from tests.test_extraction import pdf

OTHER = "".join(
    f"<p>Paragraph {n} of quite another matter: whales, their songs number {n * 7}, the deep"
    f" water {n * 3} where they feed, and those who once hunted them in boats of {n} oars.</p>"
    for n in range(12)
)
CHALLENGE = b"""<html><head><title>Just a moment...</title></head><body><h1>news.example</h1>
<p>Verifying you are human. This may take a few seconds.</p>
<script>window._cf_chl_opt={}</script></body></html>"""
TINY = b"<html><title>Error</title><h1>Access Denied</h1><p>Reference #18.2</p></html>"


# ------------------------------------------------------------------ what the transport says


@pytest.mark.parametrize(
    ("failed", "reason"),
    [
        ("local-fault", "timeout"), ("robots-excluded", "robots"),
        ("refused-by-us", "blocked-address"), ("dead-host", "nxdomain"), ("dead-host", "tls"),
        ("server-error", "timeout"), ("server-error", "redirect-loop"),
    ],
)  # fmt: skip
def test_an_attempt_without_an_answer_stays_what_the_transport_called_it(
    failed: str, reason: str
) -> None:
    hop = Hop("u", URL, "source", 0, "2026-03-01T00:00:00Z", failed, reason)
    found = judge(Observation((hop,), good=good(), good_url=URL))
    assert (found.outcome, found.reasons, found.wants_probe) == (failed, (reason,), False)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, "paywall"), (402, "paywall"), (403, "blocked"), (404, "gone"), (407, "paywall"),
        (410, "gone"), (418, "blocked"), (429, "blocked"), (451, "legal"), (500, "server-error"),
        (502, "server-error"), (503, "server-error"), (999, "blocked"), (202, "blocked"),
    ],
)  # fmt: skip
def test_a_status_has_its_outcome_whatever_stands_in_the_body(status: int, expected: str) -> None:
    for body in (page(), page("<p>Sorry.</p>", title="Error"), b"plain words"):
        assert outcome(body, status=status) == (expected, f"http-{status}")
        assert outcome(body, status=status, held=good())[0] == expected


def test_half_a_page_and_an_empty_one_are_no_answers() -> None:
    assert outcome(b"") == ("server-error", "empty")
    half = seen()
    cut = replace(half.last, outcome="server-error", reason="truncated", truncated="disconnect")
    assert judge(replace(half, hops=(cut,))).outcome == "server-error"


def test_what_is_held_already_is_live() -> None:
    known = replace(seen(held=good()), same_payload=True)
    assert judge(known).reasons == ("same-payload",)
    hop = replace(known.last, status=304, outcome="live", reason="not-modified")
    unread = replace(known, hops=(hop,), article=None, facts=None)
    assert (judge(unread).outcome, judge(unread).reasons) == ("live", ("not-modified",))


# ------------------------------------------------------------------ blocked


@pytest.mark.parametrize(
    ("status", "headers", "reason"),
    [
        (403, {"Cf-Mitigated": "challenge"}, "cf-mitigated"),
        (200, {"Cf-Mitigated": "challenge"}, "cf-mitigated"),
        (405, {"X-Amzn-Waf-Action": "captcha"}, "aws-waf"),
        (202, {"X-Amzn-Waf-Action": "challenge"}, "aws-waf"),
        (200, {"Rimon": "RWC_BLOCK"}, "rimon"),
        (403, {"Server": "awselb/2.0"}, "aws-elb"),
        (429, {"Server": "awselb/2.0"}, "aws-elb"),
        (503, {"Server": "AkamaiGHost", "Cache-Control": "max-age=0, no-cache"}, "akamai"),
        (502, {"X-Cache": "Error from cloudfront"}, "cloudfront"),
        (403, {"Server-Timing": "edge; dur=x, cdn-cache; desc=MISS, origin; dur=abc"}, "edge-only"),
        (400, {"Server-Timing": 'cdn-cache; desc=MISS, edge; dur=3, origin; dur=0'}, "edge-only"),
        (403, {"Server-Timing": "edge; dur=3, cdn-cache; desc=MISS"}, "edge-only"),
    ],
)  # fmt: skip
def test_a_header_tells_that_a_service_refuses(
    status: int, headers: dict[str, str], reason: str
) -> None:
    found = judged(TINY, status=status, headers=headers, held=good())
    assert (found.outcome, found.reasons) == ("blocked", (reason, f"http-{status}"))
    assert found.evidence["header"]


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {"Server": "AkamaiGHost", "Cache-Control": "no-cache"}, "live-unverified"),
        (404, {"X-Cache": "Error from cloudfront"}, "gone"),
        (404, {"Server-Timing": "cdn-cache; desc=MISS, edge; dur=3, origin; dur=20"}, "gone"),
        (404, {"Server-Timing": "cdn-cache; desc=HIT, edge; dur=1"}, "gone"),
        (404, {"Server-Timing": "total;dur=3, db;dur=0"}, "gone"),
        (500, {"Server": "AkamaiGHost"}, "server-error"),
        (200, {"Cf-Mitigated": "", "Cf-Ray": "x"}, "live-unverified"),
    ],
)  # fmt: skip
def test_a_header_of_a_network_alone_is_no_refusal(
    status: int, headers: dict[str, str], expected: str
) -> None:
    assert outcome(status=status, headers=headers)[0] == expected


def test_a_short_error_of_a_load_balancer_is_a_refusal_only_where_it_refuses() -> None:
    away = b"<html><title>503</title><h1>Service Temporarily Unavailable</h1></html>"
    assert outcome(away, status=503, headers={"Server": "awselb/2.0"})[0] == "server-error"
    refused = judged(b"<html><h1>Bad Request</h1></html>", status=400,
                     headers={"Server": "AkamaiGHost", "Cache-Control": "no-cache"})  # fmt: skip
    assert refused.reasons == ("akamai", "http-400")


def test_a_timing_that_names_no_edge_tells_nothing() -> None:
    timing = {"Server-Timing": "cdn-cache; desc=MISS, origin; dur=0"}
    assert judged(page(), status=403, headers=timing).reasons == ("http-403",)


def test_a_challenge_is_blocked_with_any_status() -> None:
    for status in (200, 403, 503):
        assert outcome(CHALLENGE, status=status, held=good())[:2] == ("blocked", "challenge")
    assert outcome(page("", title="Bitte warten", head=SCRIPT), status=503)[0] == "blocked"


SCRIPT = "<script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script>"


def test_the_script_of_a_protection_service_alone_proves_nothing() -> None:
    assert outcome(page(head=SCRIPT))[0] == "live-unverified"
    assert outcome(page(head="<script src='/_Incapsula_Resource?x'></script>"))[0] in LIVE


@pytest.mark.parametrize(
    "title",
    [
        "Attention Required! | Cloudflare", "Access Denied", "Pardon Our Interruption",
        "Sicherheitsüberprüfung", "Accès refusé", "Acceso denegado", "Acesso negado",
        "Accesso negato", "Toegang geweigerd", "Odmowa dostępu", "Доступ запрещён",
        "Доступ обмежено", "安全验证", "アクセスが拒否されました", "접근이 차단되었습니다",
        "تم رفض الوصول", "Erişim engellendi", "Åtkomst nekad",
    ],
)  # fmt: skip
def test_a_block_page_is_told_by_its_title_in_many_languages(title: str) -> None:
    body = page("<p>Please wait or write to us. 93.184.216.34</p>", title=title)
    assert outcome(body) == ("blocked", "challenge")
    assert outcome(body, held=good()) == ("blocked", "challenge")


def test_an_article_about_denied_access_is_an_article() -> None:
    assert outcome(page(title="Access denied: how the town lost its archive"))[0] in LIVE
    assert outcome(page(title="Access Denied"))[0] in LIVE


def test_a_redirect_to_a_sink_is_blocked() -> None:
    for sink in (
        "https://validate.perfdrive.com/abc/captcha?x=1",
        "https://www.google.com/sorry/index?continue=x",
        "https://news.example/.well-known/sgcaptcha/?r=%2F",
    ):
        found = outcome(page(OTHER, title="Hello"), via=((URL, 302),), url=sink, held=good())
        assert found == ("blocked", "block-sink")


def test_a_page_that_stands_at_such_an_address_itself_is_one() -> None:
    assert outcome(url="https://news.example/captcha/history")[0] in LIVE


def test_words_of_a_challenge_count_on_longer_pages_where_the_host_refuses() -> None:
    def named(paragraphs: int) -> bytes:
        text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS[:paragraphs])
        return page(text, title="Access Denied")

    assert outcome(named(4)) == ("blocked", "challenge")  # of 148 words
    assert outcome(named(5))[0] in LIVE
    for many in (4, 5, 8):
        assert outcome(named(many), status=503) == ("blocked", "challenge")
    assert outcome(named(9), status=503)[0] == "server-error"  # of more than 300 words


def test_phrases_of_a_challenge_in_the_text_count_where_hardly_anything_else_is_said() -> None:
    asked = "<p>Please enable cookies. Enable JavaScript and cookies to continue. Please stand by."
    assert outcome(page(asked)) == ("blocked", "challenge")
    article = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS[:3])
    assert outcome(page(asked + article))[0] in LIVE


def test_a_page_that_was_supplied_is_judged_by_what_it_says() -> None:
    supplied = seen(CHALLENGE)
    without_status = replace(supplied, hops=(replace(supplied.last, status=None),))
    assert judge(without_status).reasons == ("challenge",)


def test_an_error_with_the_very_bytes_of_our_copy_is_an_error() -> None:
    missing = replace(seen(page(), status=404, held=good()), same_payload=True)
    assert judge(missing).outcome == "gone"


# ------------------------------------------------------------------ legal, paywall, consent


@pytest.mark.parametrize(
    "words",
    [
        "We recognize you are attempting to access this website from a country belonging to the"
        " European Economic Area (EEA) including the EU which enforces the General Data Protection"
        " Regulation (GDPR) and therefore access cannot be granted at this time.",
        "This content is not available in your region.",
        "Dieser Inhalt ist in Ihrem Land nicht verfügbar.",
        "Contenu pas disponible dans votre pays.",
        "El contenido no está disponible en su país.",
        "Сайт недоступен в вашей стране.",
        "您所在的地区不可用。",
        "お住まいの地域ではご覧いただけません。",
    ],
)
def test_a_short_notice_that_a_page_is_withheld_is_legal(words: str) -> None:
    for status in (200, 403):
        body = page(f"<p>{words}</p>", title="Unavailable")
        assert outcome(body, status=status) == ("legal", "legal-notice")


def test_a_notice_of_a_failing_host_or_of_a_page_that_is_gone_withholds_nothing() -> None:
    body = page("<p>This content is not available in your region.</p>", title="Unavailable")
    assert outcome(body, status=404) == ("legal", "legal-notice")
    assert outcome(body, status=410) == ("gone", "http-410")
    assert outcome(body, status=500) == ("server-error", "http-500")


def test_a_legal_status_is_the_evidence() -> None:
    assert judged(page(), status=451).evidence == {"status": 451}


def test_an_article_about_withheld_pages_is_an_article() -> None:
    told = "<p>Readers saw that the page is not available in your country.</p>"
    assert outcome(page(told + ARTICLE))[0] in LIVE


@pytest.mark.parametrize(
    "final",
    [
        "https://news.example/login?next=/2024/03/bridges",
        "https://accounts.news.example/authorize?x=1",
        "https://news.example/wp-login.php?redirect_to=x",
        "https://sso.news.example/",
        "https://www.social.example/authwall?trk=x",
    ],
)
def test_a_redirect_to_a_login_is_a_paywall(final: str) -> None:
    found = outcome(page(OTHER, title="Welcome"), via=((URL, 302),), url=final, held=good())
    assert found == ("paywall", "login-redirect")


def test_an_address_that_only_contains_login_is_none() -> None:
    address = "https://news.example/2024/03/blogging-in-the-town"
    assert outcome(via=((URL, 302),), url=address, held=good())[0] in LIVE


LOGIN = "<form action=/login><input name=u><input type=password name=p><button>OK</button></form>"


@pytest.mark.parametrize(
    "title", ["Log in", "Anmelden | Bote", "Connexion", "Iniciar sesión", "Entrar", "Accedi",
              "Inloggen", "Zaloguj się", "Вход", "Увійти", "登录", "ログイン", "로그인",
              "تسجيل الدخول", "Giriş yap", "Logga in"],
)  # fmt: skip
def test_a_login_form_in_place_of_the_page_is_a_paywall(title: str) -> None:
    body = page(LOGIN + "<p>Name, password.</p>", title=title)
    assert outcome(body) == ("paywall", "login-form")
    assert outcome(body, held=good()) == ("paywall", "login-form")


def test_a_login_box_beside_a_short_article_is_no_wall() -> None:
    assert outcome(page(LOGIN + f"<p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p>"))[0] in LIVE


def test_our_copy_at_the_address_of_a_login_is_our_copy() -> None:
    login = "https://news.example/login?next=/2024/03/bridges"
    assert outcome(via=((URL, 302),), url=login, held=good()) == ("live", "same-text")


def test_a_login_box_under_a_headline_about_logins_is_no_wall() -> None:
    body = page(LOGIN + f"<p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p>",
                title="How to log in to the archive of old maps of the town")  # fmt: skip
    assert outcome(body)[0] in LIVE


def test_one_sentence_that_asks_for_a_login_needs_a_form_and_no_article() -> None:
    asked, article = "<p>Please log in.</p>", f"<p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p>"
    assert outcome(page(LOGIN + asked, title="The Crier")) == ("paywall", "login-form")
    assert outcome(page(LOGIN + article + asked, title="The Crier"))[0] in LIVE
    assert outcome(page(asked, title="The Crier"))[0] == "doubtful"


LOCKED = '<script type="application/ld+json">{"isAccessibleForFree": false}</script>'


def test_a_teaser_is_a_paywall() -> None:
    beginning = page(f"<p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p>", head=LOCKED)
    assert outcome(beginning) == ("paywall", "teaser")
    assert outcome(beginning, held=good()) == ("paywall", "teaser")
    offer = "<p>Subscribe to continue reading.</p>"
    unmarked = page(f"<p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p>" + offer)
    assert outcome(unmarked, held=good()) == ("paywall", "teaser")


@pytest.mark.parametrize(("tier", "locked"), [("Locked", True), ("metered", True), ("free", False)])
def test_a_tier_tells_of_a_teaser(tier: str, locked: bool) -> None:
    said = f'<meta property="article:content_tier" content="{tier}">'
    beginning = page(f"<p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p>", head=said)
    assert (outcome(beginning) == ("paywall", "teaser")) is locked


def test_an_offer_on_a_page_that_lost_nothing_is_no_teaser() -> None:
    offer = "<p>Subscribe to continue reading.</p>"
    two = f"<p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p>"
    assert outcome(page(two + offer), held=good(page(two)))[0] in LIVE
    assert outcome(page(two + offer))[0] in LIVE


def test_a_paywalled_site_whose_article_can_be_read_is_live() -> None:
    assert outcome(page(head=LOCKED)) == ("live-unverified", "unconfirmed")
    tier = "<meta property='article:content_tier' content='metered'>"
    assert outcome(page(head=tier), held=good()) == ("live", "same-text")


CONSENT = {
    "en": "We value your privacy. We and our partners store and/or access information on a device."
    " Accept all. Reject all. Manage options.",
    "de": "Ihre Privatsphäre ist uns wichtig. Wir und unsere Partner verwenden Cookies."
    " Alle akzeptieren. Alle ablehnen. Einstellungen verwalten.",
    "fr": "Le respect de votre vie privée est notre priorité. Nous et nos partenaires utilisons des"
    " traceurs. Tout accepter. Continuer sans accepter.",
    "es": "Valoramos tu privacidad. Nosotros y nuestros socios utilizamos cookies. Aceptar todo.",
    "pt": "Valorizamos a sua privacidade. Nós e os nossos parceiros utilizamos cookies."
    " Aceitar tudo. Rejeitar tudo.",
    "it": "Il rispetto della tua privacy. Noi e i nostri partner utilizziamo cookie."
    " Accetta tutto. Rifiuta tutto.",
    "nl": "Je privacy is belangrijk. Wij en onze partners gebruiken cookies. Alles accepteren."
    " Alles weigeren. Instellingen beheren.",
    "pl": "Cenimy Twoją prywatność. My i nasi partnerzy używamy plików cookie. Akceptuj wszystkie.",
    "ru": "Мы ценим вашу конфиденциальность. Мы и наши партнеры используем данные. Принять все."
    " Отклонить все.",
    "uk": "Ми цінуємо вашу конфіденційність. Ми та наші партнери зберігаємо дані. Прийняти всі."
    " Відхилити всі.",
    "zh": "我们重视您的隐私。我们和我们的合作伙伴使用数据。全部接受。全部拒绝。管理偏好。",
    "ja": "プライバシーを尊重します。Cookieを使用しています。すべて同意。すべて拒否。",
    "ko": "개인정보를 소중히 여깁니다. 쿠키를 사용합니다. 모두 동의. 모두 거부. 쿠키 설정.",
    "ar": "نحن نقدر خصوصيتك. نحن وشركاؤنا نستخدم ملفات تعريف الارتباط. قبول الكل. رفض الكل.",
    "tr": "Gizliliğinize önem veriyoruz. Biz ve iş ortaklarımız. Tümünü kabul et. Tümünü reddet.",
    "sv": "Vi värnar om din integritet. Vi och våra partner lagrar data. Acceptera alla."
    " Avvisa alla.",
}


@pytest.mark.parametrize("language", CONSENT)
def test_a_form_of_consent_in_place_of_the_article_is_a_wall(language: str) -> None:
    body = page(f"<p>{CONSENT[language]}</p>", title="Town Crier", lang=language)
    assert outcome(body, held=good()) == ("consent-wall", "consent-form")
    assert outcome(body)[0] == "consent-wall"


@pytest.mark.parametrize(
    "final",
    [
        "https://consent.yahoo.example/v2/collectConsent?sessionId=1",
        "https://myprivacy.publisher.example/consent?siteKey=x",
        "https://news.example/cookiewall?return=/2024",
        "https://news.example/privacy-gate/?next=x",
    ],
)
def test_a_redirect_to_a_gateway_of_consent_is_a_wall(final: str) -> None:
    found = outcome(page(OTHER, title="Welcome"), via=((URL, 302),), url=final, held=good())
    assert found == ("consent-wall", "consent-gateway")


def test_an_article_about_cookies_and_a_banner_on_an_article_are_no_walls() -> None:
    about = "<p>Some sites use cookies and ask you to accept all of them, says the regulator.</p>"
    assert outcome(page(about + f"<p>{PARAGRAPHS[0]}</p>" * 3))[0] in LIVE
    banner = f"<div class=cookie-banner><p>{CONSENT['en']}</p></div>"
    assert outcome(page(ARTICLE + banner), held=good())[0] == "live"


# ------------------------------------------------------------------ stubs and shells


def test_a_page_that_only_sends_elsewhere_is_a_stub() -> None:
    refresh = b"<html><head><meta http-equiv=refresh content='9; url=/x'></head>Moved.</html>"
    assert outcome(refresh, held=good()) == ("redirect-stub", "meta-refresh-stub")
    script = b"<html><script>window.location.href='/x'</script><body>Moved.</body></html>"
    assert outcome(script, held=good()) == ("redirect-stub", "script-stub")


def test_an_article_that_reloads_itself_is_no_stub() -> None:
    assert outcome(page(head="<meta http-equiv=refresh content=600>"))[0] in LIVE
    short = page("<p>One line.</p>", head="<meta http-equiv=refresh content=600>")
    assert outcome(short)[0] == "doubtful"


SHELLS = (
    "<div id=root></div><script src=a.js></script>",
    "<div id=app></div><noscript>You need to enable JavaScript to run this app.</noscript>"
    "<script src=a.js></script>",
    "<script src=a.js></script><script src=b.js></script><script src=c.js></script>",
)


@pytest.mark.parametrize("shell", SHELLS)
def test_an_empty_shell_needs_scripts_and_is_no_soft_404(shell: str) -> None:
    body = f"<html><head><title>Town Crier</title></head><body>{shell}</body></html>".encode()
    host = Surroundings(home_title="Town Crier", probe=Probe(URL + "x", URL + "x", 200, text=""))
    assert outcome(body, held=good(), host=host)[0] == "needs-script"
    assert outcome(body)[0] == "needs-script"


# ------------------------------------------------------------------ parked, usurped


FOR_SALE = {
    "en": "This domain is for sale", "de": "Diese Domain steht zum Verkauf",
    "fr": "Ce nom de domaine est à vendre", "es": "Este dominio está en venta",
    "pt": "Este domínio está à venda", "it": "Questo dominio è in vendita",
    "nl": "Deze domeinnaam is te koop", "pl": "Ta domena jest na sprzedaż",
    "ru": "Этот домен продаётся", "uk": "Цей домен продається", "zh": "此域名出售",
    "ja": "このドメインは販売中です", "ko": "도메인 판매", "ar": "اسم النطاق للبيع",
    "tr": "Bu alan adı satılıktır", "sv": "Domänen är till salu",
}  # fmt: skip


@pytest.mark.parametrize("language", FOR_SALE)
def test_a_name_that_is_for_sale_is_parked(language: str) -> None:
    body = page("<p>news.example</p>", title=FOR_SALE[language], lang=language)
    assert outcome(body)[0] == "parked"
    assert outcome(body, held=good())[0] == "parked"


def test_advertisements_of_a_parking_service_are_parked() -> None:
    script = "<script src='https://www.google.com/adsense/domains/caf.js'></script>"
    body = page("<p>Related searches: cheap flights, bridge loans</p>", title="news.example",
                head=script)  # fmt: skip
    found = judged(body, held=good())
    assert (found.outcome, found.reasons) == ("parked", ("parking-script", "advertisements"))


def test_the_script_of_a_parking_service_beside_a_text_parks_nothing() -> None:
    script = "<script src='https://www.google.com/adsense/domains/caf.js'></script>"
    assert outcome(page("", title="Town", head=script)) == ("parked", "parking-script")
    two = page(f"<p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p>", title="Town", head=script)
    assert outcome(two)[0] in LIVE


def test_an_offer_in_the_text_of_a_page_parks_where_any_path_gives_the_same() -> None:
    offer = "<p>This domain is for sale.</p>" + "".join(
        f"<p>Offer {n} of a page about names: this one was had by an owner who tired of it.</p>"
        for n in range(4)
    )
    body = page(offer, title="news.example")
    assert outcome(body, held=good())[0] in LIVE
    anywhere = Surroundings(probe=Probe(URL + "x", URL + "x", 200, text=good(body).text))
    found = judged(body, held=good(), host=anywhere)
    assert (found.outcome, found.reasons) == ("parked", ("for-sale", "any-path"))


def test_an_offer_in_a_file_that_is_no_page_parks_nothing() -> None:
    assert outcome(b"This domain is for sale", content_type="text/plain")[0] == "doubtful"


def test_the_default_page_of_a_server_is_parked() -> None:
    body = page("<p>If you see this page, the web server is working.</p>",
                title="Welcome to nginx!")  # fmt: skip
    assert outcome(body, held=good()) == ("parked", "default-page")


def test_an_article_that_ends_with_related_searches_is_an_article() -> None:
    body = page(ARTICLE + "<p>Related searches: bridges, towns. Buy domain names here.</p>")
    assert outcome(body)[0] in LIVE
    assert outcome(page(title="Famous name: this domain is for sale"))[0] in LIVE


CASINO = page(
    "".join(f"<p>Win number {n}: bonus of {n}, free spins, poker for {n * 9} players.</p>"
            for n in range(30)),
    title="Best online casino 2026",
)  # fmt: skip


def test_a_trade_that_took_the_name_over_has_usurped_it() -> None:
    assert outcome(CASINO, held=good()) == ("usurped", "trade")
    away = outcome(
        CASINO, held=good(), via=((URL, 301),), url="https://lucky.example/play/now/here"
    )
    assert away == ("usurped", "trade")


def test_unlike_texts_on_several_sources_of_a_host_are_usurped_once_a_probe_is_normal() -> None:
    whales = page(OTHER, title="The songs of whales")
    normal = Probe("https://news.example/2024/03/x", "https://news.example/2024/03/x", 404)
    alone = Surroundings(probe=normal)
    together = Surroundings(probe=normal, sources_replaced=2)
    assert outcome(whales, held=good(), host=alone) == ("live", "much-changed")
    assert outcome(whales, held=good(), host=together) == ("usurped", "others-replaced")


def test_one_sign_of_a_stranger_keeps_the_good_copy() -> None:
    whales = page(OTHER, title="The songs of whales")
    away = judged(whales, held=good(), via=((URL, 301),), url="https://other.example/songs/of/it")
    assert (away.outcome, away.reasons) == ("doubtful", ("one-sign", "other-site"))
    cards = page(OTHER, title="Poker and whales")
    assert judged(cards, held=good()).reasons == ("one-sign", "trade")
    both = {"via": ((URL, 301),), "url": "https://other.example/songs/of/it", "held": good()}
    assert outcome(cards, **both) == ("usurped", "trade")


def test_a_redirect_to_another_text_keeps_the_good_copy() -> None:
    whales = page(OTHER, title="The songs of whales")
    beside = "https://news.example/2024/03/songs-of-whales"
    found = judged(whales, held=good(), via=((URL, 301),), url=beside)
    assert (found.outcome, found.reasons[0]) == ("doubtful", "led-elsewhere")
    assert found.wants_probe


def test_an_article_about_a_casino_is_its_own_article() -> None:
    held = good(page(title="Casino opens by the river"))
    changed = page(OTHER, title="Casino by the river closes")
    assert outcome(changed, held=held)[0] == "live"


# ------------------------------------------------------------------ soft 404


ABSENT = {
    "en": "Page not found", "de": "Seite nicht gefunden", "fr": "Page introuvable",
    "es": "Página no encontrada", "pt": "Página não encontrada", "it": "Pagina non trovata",
    "nl": "Pagina niet gevonden", "pl": "Nie znaleziono strony", "ru": "Страница не найдена",
    "uk": "Сторінку не знайдено", "zh": "页面不存在", "ja": "ページが見つかりません",
    "ko": "페이지를 찾을 수 없습니다", "ar": "الصفحة غير موجودة", "tr": "Sayfa bulunamadı",
    "sv": "Sidan hittades inte",
}  # fmt: skip
SORRY = "<p>" + "Here are some of our other articles that you may like to read. " * 3 + "</p>"


@pytest.mark.parametrize("language", ABSENT)
def test_a_page_of_not_found_with_200_is_a_soft_404(language: str) -> None:
    body = page(SORRY, title=f"{ABSENT[language]} - Town Crier", lang=language)
    found = judged(body, held=good())
    assert (found.outcome, found.reasons) == ("soft-404", ("error-words", "shrunk", "unlike"))
    assert found.evidence["phrase"]
    # as a first copy it shows one sign only: not kept, and a probe is wanted
    first = judged(body)
    assert (first.outcome, first.wants_probe) == ("doubtful", True)


HOME = "https://news.example/"
LISTS_TITLE = "Town Crier - home"
LISTS = page(OTHER, title=LISTS_TITLE)


@pytest.mark.parametrize(
    ("known", "signs"),
    [
        ({"url": HOME, "host": Surroundings(sources_at_final_url=2)}, "shared-url redirected-up"),
        ({"url": HOME, "host": Surroundings(home_title=LISTS_TITLE)},
         "home-title redirected-up"),
        ({"url": HOME + "2024/", "host": Surroundings(error_titles=frozenset({LISTS_TITLE}))},
         "error-title redirected-up"),
        ({"url": HOME + "error/404.html"}, "error-url redirected-up"),
        ({"url": HOME, "host": Surroundings(probe=Probe(URL + "x", HOME, 200))},
         "same-as-probe redirected-up"),
    ],
)  # fmt: skip
def test_two_signs_make_a_soft_404(known: dict[str, object], signs: str) -> None:
    found = judged(LISTS, via=((URL, 302),), held=good(), **known)
    assert found.outcome == "soft-404"
    assert set(found.reasons) == {*signs.split(), "unlike"}
    first = judged(LISTS, via=((URL, 302),), **known)
    assert (first.outcome, set(first.reasons)) == ("soft-404", set(signs.split()))


@pytest.mark.parametrize(
    "slug",
    ["gone-with-the-flood", "missing-girl-is-found", "error-in-the-ledger", "expired", "403-405"],
)
def test_a_slug_with_such_words_is_no_address_of_an_error(slug: str) -> None:
    new = f"https://news.example/2024/03/{slug}"
    reasons = judged(via=((URL, 301),), url=new).reasons
    assert ("error-url" in reasons) == (slug == "expired")


def test_an_address_that_keeps_the_name_of_the_article_is_no_way_up() -> None:
    for new in ("bridges-of-the-town", "bridges-town-4711", "x/bridges-of-the-town.html"):
        reasons = judged(via=((URL, 301),), url=f"https://news.example/{new}").reasons
        assert "redirected-up" not in reasons
    assert "redirected-up" in judged(via=((URL, 301),), url="https://news.example/2024/").reasons


def test_a_first_copy_that_was_led_to_the_home_page_is_not_kept_unproved() -> None:
    known = {"via": ((URL, 302),), "url": HOME}
    first = judged(LISTS, **known)
    assert (first.outcome, first.wants_probe) == ("doubtful", True)
    proved = Expectation(("Paragraph 1 of quite another matter: whales, their songs number 7",))
    assert outcome(LISTS, expected=proved, **known) == ("live-unverified", "excerpt-found")
    section = judged(LISTS, via=((URL, 302),), url="https://news.example/2024/")
    assert (section.outcome, section.wants_probe) == ("live-unverified", True)


def test_no_probe_is_wanted_where_it_would_tell_nothing() -> None:
    known = {"via": ((URL, 302),), "url": HOME}
    assert judged(LISTS, **known).wants_probe
    fresh = Surroundings(probe=Probe(URL + "x", URL + "x", 404))
    honest = Surroundings(error_titles=frozenset({"Not found"}))
    for host in (fresh, honest):
        assert not judged(LISTS, host=host, **known).wants_probe
    for quiet in (judged(held=good()), judged(), judged(status=404), judged(CHALLENGE)):
        assert not quiet.wants_probe


@pytest.mark.parametrize("final", [HOME, HOME + "2024/", HOME + "de/"])
def test_a_redirect_up_to_a_page_with_nothing_of_our_copy_is_a_soft_404(final: str) -> None:
    found = judged(LISTS, via=((URL, 302),), url=final, held=good())
    assert (found.outcome, found.reasons) == ("soft-404", ("redirected-up", "unlike"))


def test_the_page_of_every_unknown_path_is_a_soft_404_where_our_copy_was() -> None:
    other = page(OTHER, title="Reading room")
    unprobed = judged(other, held=good())
    assert (unprobed.outcome, unprobed.wants_probe) == ("live", True)
    host = Surroundings(probe=Probe(URL + "x", URL + "x", 200, text=good(other).text))
    found = judged(other, held=good(), host=host)
    assert (found.outcome, found.reasons) == ("soft-404", ("same-as-probe", "unlike"))
    assert judged(other, host=host).reasons[:2] == ("one-sign", "same-as-probe")  # a first copy


def test_a_probe_need_not_give_the_same_page_to_the_letter_but_must_have_been_answered() -> None:
    other = page(OTHER, title="Reading room")
    text = good(other).text or ""
    nearly = text.replace("number 7,", "number 8,")
    assert nearly != text

    def beside(given: str, status: int | None = 200) -> str:
        probe = Probe(URL + "x", URL + "x", status, text=given)
        return outcome(other, held=good(), host=Surroundings(probe=probe))[0]

    assert beside(nearly) == "soft-404"
    assert beside(text[: len(text) // 2]) == "live"
    assert beside(text, None) == "live"


def test_where_a_random_name_is_led_is_a_sign_only_for_who_was_led_there_too() -> None:
    other = page(OTHER, title="Reading room")
    random, room = HOME + "2024/03/qwertz", HOME + "2024/03/room"

    def signs(final: str, *, led: bool = True, name: str = random) -> tuple[str, ...]:
        host = Surroundings(probe=Probe(name, room, 200, text=None))
        via = ((URL, 302),) if led else ()
        return judged(other, via=via, url=final, held=good(), host=host).reasons

    assert "same-as-probe" in signs(room)
    assert "same-as-probe" not in signs(HOME + "2024/03/elsewhere")
    assert "same-as-probe" not in signs(room, led=False)
    assert "same-as-probe" not in signs(room, name=room)  # the name itself was answered there


def test_one_sign_makes_none_but_keeps_the_good_copy_and_wants_a_probe() -> None:
    some = page("".join(f"<p>{p}</p>" for p in PARAGRAPHS[:3]) + OTHER)
    found = judged(some, via=((URL, 302),), url=HOME + "2024/", held=good())
    assert (found.outcome, found.reasons) == ("doubtful", ("one-sign", "redirected-up"))
    assert found.wants_probe


def test_an_error_page_where_a_document_was_is_a_sign() -> None:
    held = read_payload(
        pdf(" ".join(PARAGRAPHS)), url=URL, content_type="application/pdf", fetched_on="2026-03-01"
    ).article
    body = page(SORRY, title="Page not found")
    assert "page-for-file" in judged(body, held=held).reasons
    assert judged(body, held=held).outcome == "soft-404"
    assert "page-for-file" in judged(body, via=((URL + ".pdf", 200),)).reasons


def test_another_document_and_a_page_in_place_of_plain_text_are_no_such_sign() -> None:
    def document(text: str, kind: str) -> Article:
        body = pdf(text) if kind == "application/pdf" else text.encode()
        return read_payload(body, url=URL, content_type=kind, fetched_on="2026-03-01").article

    held = document(" ".join(PARAGRAPHS), "application/pdf")
    other = replace(seen(held=held), facts=None,
                    article=document(" ".join(SENTENCES * 3), "application/pdf"))  # fmt: skip
    assert "page-for-file" not in judge(other).reasons
    plain = document("\n".join(PARAGRAPHS), "text/plain")
    assert "page-for-file" not in judged(page(OTHER), held=plain).reasons


def test_where_the_asked_address_already_speaks_of_an_error_or_is_shared_is_no_sign() -> None:
    asked = HOME + "2024/page-not-found/"
    led = judged(page(OTHER), via=((asked, 302),), url=HOME + "2024/404/", held=good())
    assert "error-url" not in led.reasons
    shared = Surroundings(sources_at_final_url=5)
    assert "shared-url" not in judged(page(OTHER), held=good(), host=shared).reasons


@pytest.mark.parametrize(
    "title",
    [
        'How to fix the "404 page not found" error in WordPress',
        "Page not found: how libraries lose their links",
        "404 is the number of the beast, say webmasters",
        "Seite nicht gefunden: warum das Netz so vergesslich ist",
        "Bodies not found after flood in the valley",
    ],
)
def test_an_article_about_missing_pages_is_an_article(title: str) -> None:
    assert outcome(page(title=title)) == ("live-unverified", "unconfirmed")


def test_words_of_absence_in_the_body_are_no_sign() -> None:
    body = page(ARTICLE + "<p>The statue has been removed. Page not found.</p>")
    assert judged(body).reasons == ("unconfirmed",)
    assert outcome(body, held=good()) == ("live", "similar")


def test_our_copy_under_a_wrong_title_is_still_our_copy() -> None:
    for final in (URL, HOME, HOME + "404"):
        body = page(ARTICLE, title="Page not found", heading=TITLE)
        assert outcome(body, via=((URL, 302),), url=final, held=good())[0] == "live"


# ------------------------------------------------------------------ live, moved, doubtful


def test_a_changed_article_is_live() -> None:
    assert outcome(held=good()) == ("live", "same-text")
    edited = page("".join(f"<p>{p}</p>" for p in PARAGRAPHS[:6]) + "<p>Updated.</p>")
    assert outcome(edited, held=good()) == ("live", "similar")
    grown = page(ARTICLE + OTHER)
    assert outcome(grown, held=good()) == ("live", "similar")
    replaced = judged(page(OTHER, title=TITLE), held=good())
    assert (replaced.outcome, replaced.reasons) == ("live", ("much-changed",))
    assert replaced.measures is not None
    assert replaced.measures.similarity < 0.05


NEW = "https://news.example/archive/bridges-of-the-town-1"


def test_a_lasting_redirect_to_the_article_is_a_move() -> None:
    assert outcome(via=((URL, 301),), url=NEW, held=good()) == ("moved", "permanent-redirect")
    assert outcome(via=((URL, 302),), url=NEW, held=good()) == ("live", "same-text")
    often = {"via": ((URL, 302),), "url": NEW, "held": good(), "redirects_before": 2}
    assert outcome(**often) == ("moved", "repeated-redirect")  # type: ignore[arg-type]
    same = replace(seen(**often), same_payload=True)  # type: ignore[arg-type]
    assert judge(same).outcome == "moved"
    mixed = ((URL, 301), (URL + "/", 302))
    assert outcome(via=mixed, url=NEW, held=good())[0] == "live"


def test_a_308_lasts_and_where_our_copy_was_captured_need_not_be_known() -> None:
    assert outcome(via=((URL, 308),), url=NEW, held=good()) == ("moved", "permanent-redirect")
    unknown = replace(seen(via=((URL, 301),), url=NEW, held=good()), good_url=None)
    assert judge(unknown).outcome == "moved"


def test_a_first_copy_has_moved_where_its_text_is_proved_and_its_title_is_the_cited_one() -> None:
    def led(headline: str, excerpt: str, status: int = 301) -> str:
        known = expecting(excerpt, headline)
        return outcome(via=((URL, status),), url=NEW, expected=known)[0]

    assert led(TITLE, EXCERPT) == "moved"
    assert led("Seven bridges for four million crowns", EXCERPT) == "live-unverified"
    assert led(TITLE, "") == "live-unverified"
    assert led(TITLE, EXCERPT, 302) == "live-unverified"


def test_what_only_changes_scheme_or_slash_is_no_move() -> None:
    plain = URL.replace("https://", "http://www.")
    assert outcome(via=((plain, 301),), url=URL + "/", held=good()) == ("live", "same-text")
    again = replace(seen(via=((URL, 301),), url=NEW, held=good()), good_url=NEW)
    assert judge(again).outcome == "live"  # it had moved before our copy was made


def test_an_article_that_became_a_short_note_under_its_title_is_live() -> None:
    note = "<p>The masons have gone home and the bell was never hung, the mayor told the council"
    note += " at its last meeting, which nobody but the fisherman attended.</p>"
    foot = "<p>" + "Write to the editor of the Town Crier, Market Street. " * 4 + "</p>"
    assert outcome(page(note + foot), held=good())[0] == "live"
    assert outcome(page(note), held=good())[0] == "doubtful"  # too little even as a page
    asks = "<p>Already a subscriber? Please log in to continue reading this article.</p>"
    assert outcome(page(note + asks + foot), held=good())[0] not in LIVE


def test_too_little_text_is_doubtful() -> None:
    assert outcome(page("<p>Ten words are hardly enough to make an article.</p>"))[0] == "doubtful"
    assert outcome(page(f"<p>{PARAGRAPHS[0]}</p>", head=""))[0] in LIVE | {"doubtful"}
    assert outcome(page("<p>Gone away.</p>", title="Hm"), held=good())[0] == "doubtful"


def test_a_first_page_without_text_and_a_first_file_of_few_words_are_doubtful() -> None:
    bare = seen(page("", heading=""))
    assert bare.article is not None
    empty = replace(bare.article, status="empty", text=None)
    assert judge(replace(bare, article=empty)).outcome == "doubtful"
    assert judge(replace(bare, article=empty, good=empty, good_url=URL)).reasons == ("no-text",)
    assert outcome(b"few words", content_type="text/plain") == ("doubtful", "little-text")


def test_a_short_but_real_notice_is_good() -> None:
    notice = page(f"<p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[3]}</p>")
    assert outcome(notice) == ("live-unverified", "unconfirmed")
    assert outcome(notice, held=good(notice)) == ("live", "same-text")


# ------------------------------------------------------------------ the first copy


EXCERPT = " ".join(PARAGRAPHS[1:4])


def expecting(excerpt: str = "", headline: str = "", *, alone: bool = True) -> Expectation:
    return Expectation((excerpt,) if excerpt else (), (headline,) if headline else (), alone)


@pytest.mark.parametrize(
    ("body", "expected", "found"),
    [
        (page(), expecting(EXCERPT), ("live-unverified", "excerpt-found")),
        (page(), expecting(headline="Seven bridges for four million crowns"),
         ("live-unverified", "headline-found")),
        (page("<p>小镇的委员会讨论了七座桥梁的修缮费用。</p>" * 9),
         expecting(headline="小镇委员会讨论七座桥梁的修缮费用"),
         ("live-unverified", "headline-found")),
        (page(), expecting(headline="Whales"), ("live-unverified", "unconfirmed")),
        (page(), Expectation(), ("live-unverified", "unconfirmed")),
        (page(OTHER), expecting(EXCERPT), ("doubtful", "excerpt-missing")),
        (page(OTHER), expecting(EXCERPT, headline="Paragraph of quite another matter"),
         ("doubtful", "excerpt-missing")),
        # not decisive: not alone, too short, another script, another language
        (page(OTHER), expecting(EXCERPT, alone=False), ("live-unverified", "unconfirmed")),
        (page(OTHER), expecting("Seven bridges are old."), ("live-unverified", "unconfirmed")),
        (page(OTHER), expecting("桥" * 60), ("live-unverified", "unconfirmed")),
        (page(OTHER), expecting("Der Rat der kleinen Stadt hat sich mit den sieben Brücken nicht"
         " nur für einen Abend beschäftigt, sondern auch mit der Frage, wer die Kosten von vier"
         " Millionen Kronen für die Arbeiten bezahlt, die im Frühling beginnen und nach denen sich"
         " der Fischer, der unter dem dritten Bogen wohnt, sehnt."),
         ("live-unverified", "unconfirmed")),
    ],
)  # fmt: skip
def test_a_first_copy_is_proved_unproved_or_refuted(
    body: bytes, expected: Expectation, found: tuple[str, str]
) -> None:
    assert outcome(body, expected=expected) == found


def test_a_refuted_first_copy_that_is_named_like_an_error_wants_a_probe() -> None:
    body = page(OTHER, title="Page not found")
    found = judged(body, expected=expecting(EXCERPT))
    assert found.reasons == ("excerpt-missing", "error-words")
    assert found.wants_probe
    host = Surroundings(probe=Probe(URL + "x", URL + "x", 200, text=good(body).text))
    assert judged(body, expected=expecting(EXCERPT), host=host).outcome == "soft-404"


def test_a_picture_or_a_file_has_no_text_to_judge() -> None:
    picture = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
    first = seen(picture, content_type="image/png")
    assert judge(first).outcome == "live-unverified"
    assert first.article is not None
    assert judge(replace(first, good=first.article, good_url=URL)).reasons == ("same-type",)
    assert judge(replace(first, good=good(), good_url=URL)).reasons == ("other-type",)


def test_what_the_extractor_failed_on_is_doubtful() -> None:
    failed = seen()
    assert failed.article is not None
    lost = replace(failed.article, status="failed", text=None, failure="timeout")
    for held in (None, good()):
        known = replace(failed, article=lost, facts=None, good=held)
        assert judge(known).reasons == ("unread",)


# ------------------------------------------------------------------ the promise


BAD = {
    "404": {"status": 404}, "410": {"status": 410}, "403": {"status": 403}, "500": {"status": 500},
    "challenge": {"body": CHALLENGE}, "empty": {"body": b""},
    "soft 404": {"body": page(SORRY, title="Page not found")},
    "unnamed error": {"body": page(SORRY, title="Town Crier")},
    "login": {"body": page(LOGIN, title="Log in")},
    "consent": {"body": page(f"<p>{CONSENT['en']}</p>", title="Town Crier")},
    "sale": {"body": page("", title=FOR_SALE["en"])}, "casino": {"body": CASINO},
    "shell": {"body": b"<html><div id=root></div><script src=a></script></html>"},
    "stub": {"body": b"<html><script>location='/x'</script></html>"},
    "home": {"body": LISTS, "via": ((URL, 302),), "url": HOME},
    "short": {"body": page("<p>No.</p>")}, "no text": {"body": page("", heading="")},
    "teaser": {"body": page(f"<p>{PARAGRAPHS[0]}</p>", head=LOCKED)},
    "other type": {"body": b"GIF89a" + b"\0" * 90, "content_type": "image/gif"},
    "json": {"body": b'{"error": "not found"}', "content_type": "application/json"},
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_never_counts_as_a_good_copy(name: str) -> None:
    found = judged(held=good(), **BAD[name])  # type: ignore[arg-type]
    assert found.outcome in OUTCOMES
    assert found.outcome not in LIVE


@pytest.mark.parametrize(
    "words",
    [CHALLENGES, CONSENT_WORDS, WITHHELD, LOGIN_WORDS, LOGIN_ASKED, SUBSCRIBE, FOR_SALE_WORDS,
     DEFAULT_PAGES, absence],
)  # fmt: skip
def test_each_list_of_words_speaks_sixteen_languages(words: Any) -> None:
    known = words.LANGUAGES if words is absence else words.languages
    assert known >= set(CONSENT)


@pytest.mark.parametrize(
    ("line", "folded"),
    [
        ("Page – NOT  found!", " page not found "), ("Página perdida", " pagina perdida "),
        ("İÇERİK", " icerik "), ("ページ", " ページ "), ("", "  "), ("\ud800", "  "),
    ],
)  # fmt: skip
def test_texts_are_folded_for_the_search(line: str, folded: str) -> None:
    assert fold(line) == folded


@given(
    st.dictionaries(
        st.sampled_from(["Server", "Server-Timing", "X-Cache", "Cf-Mitigated", "Cache-Control"]),
        st.text(max_size=60),
    ),
    st.text(max_size=80),
    st.sampled_from([200, 202, 301, 304, 400, 403, 404, 429, 451, 500, 503, 999]),
)
@settings(max_examples=100, deadline=None)
def test_no_header_title_or_status_raises(headers: dict[str, str], title: str, status: int) -> None:
    known = seen(b"<title>x</title>", status=status, headers=headers, held=good())
    assert known.facts is not None
    said = replace(known.facts, title=title, refresh=title, headings=(title,), opening=title)
    assert judge(replace(known, facts=said)).outcome in OUTCOMES


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_address_raises(path: str, query: str) -> None:
    url = f"http://[{path}" if path.startswith("x") else f"http://a.example/{path}?{query}"
    assert judged(via=((URL, 302),), url=url, held=good()).outcome in OUTCOMES
    assert judged(via=((url, 302),)).outcome in OUTCOMES


def test_a_probe_stands_beside_the_page_under_a_name_that_stays() -> None:
    asked = probe_url("https://news.example/2024/03/bridges?x=1")
    assert asked == probe_url("https://news.example/2024/03/others/")
    folder, _, name = asked.rpartition("/")
    assert folder == "https://news.example/2024/03"
    assert re.fullmatch("[a-z]{25}", name)
    assert probe_url(asked, salt="again") != asked
    assert probe_url("https://news.example/").startswith("https://news.example/")


def test_every_reason_and_evidence_has_a_name() -> None:
    for known in (*BAD.values(), {}, {"via": ((URL, 301),), "url": NEW}):
        for held in (None, good()):
            found = judged(held=held, **known)  # type: ignore[arg-type]
            assert {r for r in found.reasons if r not in REASONS} <= {
                "empty", "http-404", "http-410", "http-403", "http-500"
            }  # fmt: skip
            assert found.evidence.keys() <= EVIDENCE.keys()
