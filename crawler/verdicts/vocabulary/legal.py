"""What pages say that are withheld from a country, or by a law."""

from __future__ import annotations

from crawler.verdicts.vocabulary.phrases import Phrases

WITHHELD = Phrases(
    {
        "en": (
            "unavailable for legal reasons", "unavailable due to legal reasons",
            "not available for legal reasons", "removed for legal reasons",
            "removed for legal issues", "not available in your country",
            "unavailable in your country", "not available in your region",
            "unavailable in your region", "not available in your location",
            "unavailable in your location", "not available in your area",
            "not available in the european union", "unavailable in most european countries",
            "unavailable in the european economic area", "unavailable to visitors from the eu",
            "not available to visitors from", "not currently available to visitors from",
            "countries belonging to the european economic area",
            "including the eu which enforces the general data protection regulation",
            "recognize you are attempting to access this website from a country",
            "unavailable to european", "not available to european", "withheld in your country",
            "blocked by order of", "blocked by court order", "due to a court order",
            "in response to a legal request", "legal demand", "blocked in your country",
            "geo restricted", "geographic restrictions", "451 unavailable",
        ),
        "de": (
            "aus rechtlichen gründen nicht verfügbar", "in ihrem land nicht verfügbar",
            "in deinem land nicht verfügbar", "in ihrer region nicht verfügbar",
            "aus rechtlichen gründen gesperrt", "in europa nicht verfügbar",
        ),
        "fr": (
            "indisponible pour des raisons légales", "pas disponible dans votre pays",
            "pas disponible dans votre région", "indisponible dans votre pays",
            "pour des raisons juridiques",
        ),
        "es": (
            "no disponible por motivos legales", "no disponible por razones legales",
            "no está disponible en su país", "no está disponible en tu país",
            "no disponible en su región", "no está disponible en su región",
        ),
        "pt": (
            "indisponível por motivos legais", "não está disponível no seu país",
            "não disponível no seu país", "não está disponível na sua região",
        ),
        "it": (
            "non disponibile per motivi legali", "non è disponibile nel tuo paese",
            "non disponibile nel tuo paese", "non disponibile nella tua area",
        ),
        "nl": (
            "niet beschikbaar om juridische redenen", "niet beschikbaar in uw land",
            "niet beschikbaar in jouw land", "niet beschikbaar in je land",
        ),
        "pl": (
            "niedostępna z powodów prawnych", "niedostępna w twoim kraju",
            "niedostępne w twoim kraju", "niedostępny w twoim kraju",
        ),
        "ru": (
            "недоступен по юридическим причинам", "недоступна по юридическим причинам",
            "недоступно в вашей стране", "недоступен в вашей стране",
            "недоступна в вашей стране", "доступ ограничен по решению",
            "заблокирован по решению", "по требованию роскомнадзора",
            "внесен в реестр запрещенных сайтов",
        ),
        "uk": (
            "недоступно у вашій країні", "недоступний у вашій країні",
            "недоступна у вашій країні", "з юридичних причин",
        ),
        "zh": (
            "因法律原因不可用", "您所在的地区不可用", "您所在的国家或地区", "根据相关法律法规",
            "根據相關法律", "您所在的地區無法", "未能显示", "在你所在的国家",
        ),
        "ja": (
            "法的な理由により", "お住まいの地域では", "お住まいの国では",
            "この地域ではご利用いただけません",
        ),
        "ko": (
            "법적인 이유로", "해당 국가에서는 이용할 수 없습니다", "귀하의 국가에서는",
            "귀하의 지역에서는",
        ),
        "ar": ("لأسباب قانونية", "غير متاح في بلدك", "غير متوفر في بلدك", "غير متاح في منطقتك"),
        "tr": (
            "yasal nedenlerle", "ülkenizde kullanılamıyor", "ülkenizde mevcut değil",
            "bölgenizde kullanılamıyor", "mahkeme kararıyla", "erişime engellenmiştir",
        ),
        "sv": (
            "inte tillgänglig av juridiska skäl", "inte tillgänglig i ditt land",
            "inte tillgängligt i ditt land",
        ),
    }
)  # fmt: skip
