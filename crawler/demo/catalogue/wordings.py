"""What newspapers say besides their articles, in each of the catalogue's languages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one language."""

    missing_title: str
    missing_text: str
    news: str
    weather: str
    about: str


_WORDINGS = {
    "en": Wording(
        "Page not found",
        "We could not find what you were looking for. It may have been removed or renamed.",
        "News", "Weather", "About us",
    ),
    "de": Wording(
        "Seite nicht gefunden",
        "Die gewünschte Seite existiert nicht mehr oder wurde verschoben.",
        "Nachrichten", "Wetter", "Über uns",
    ),
    "fr": Wording(
        "Page introuvable",
        "La page que vous cherchez n'existe pas ou a été déplacée.",
        "Actualités", "Météo", "Qui sommes-nous",
    ),
    "es": Wording(
        "Página no encontrada",
        "La página que busca ya no existe o ha cambiado de dirección.",
        "Noticias", "El tiempo", "Quiénes somos",
    ),
    "it": Wording(
        "Pagina non trovata",
        "La pagina richiesta non esiste oppure è stata spostata.",
        "Notizie", "Meteo", "Chi siamo",
    ),
    "pt": Wording(
        "Página não encontrada",
        "A página que procura não existe ou mudou de endereço.",
        "Notícias", "Tempo", "Sobre nós",
    ),
    "nl": Wording(
        "Pagina niet gevonden",
        "De pagina die u zoekt bestaat niet meer of is verplaatst.",
        "Nieuws", "Weer", "Over ons",
    ),
    "pl": Wording(
        "Nie znaleziono strony",
        "Strona, której szukasz, nie istnieje lub została przeniesiona.",
        "Wiadomości", "Pogoda", "O nas",
    ),
    "ru": Wording(
        "Страница не найдена",
        "Запрошенная страница не существует или была перемещена.",
        "Новости", "Погода", "О нас",
    ),
    "tr": Wording(
        "Sayfa bulunamadı",
        "Aradığınız sayfa kaldırılmış ya da taşınmış olabilir.",
        "Haberler", "Hava durumu", "Hakkımızda",
    ),
    "ja": Wording(
        "ページが見つかりません",
        "お探しのページは削除されたか、移動した可能性があります。",
        "ニュース", "天気", "会社概要",
    ),
    "zh": Wording(
        "页面不存在",
        "您访问的页面不存在，可能已被删除或移动。",
        "新闻", "天气", "关于我们",
    ),
    "ar": Wording(
        "الصفحة غير موجودة",
        "الصفحة التي تبحث عنها غير موجودة أو تم نقلها.",
        "الأخبار", "الطقس", "من نحن",
    ),
}  # fmt: skip
LANGUAGES = tuple(_WORDINGS)


def words_in(language: str) -> Wording:
    """Return the words of a language by its two letters. Raises KeyError."""
    return _WORDINGS[language]
