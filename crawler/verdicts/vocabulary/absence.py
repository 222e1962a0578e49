"""What titles and main headings of pages say when there is no page."""

from __future__ import annotations

from crawler.verdicts.vocabulary.phrases import Phrases, fold, segments

MAX_REST = 16  # characters that a line may have besides; an article's headline has more

_PHRASES = Phrases(
    {
        "en": (
            "page not found", "file not found", "not found", "page cannot be found",
            "page can't be found", "page could not be found", "page couldn't be found",
            "page was not found", "page wasn't found", "page does not exist",
            "page doesn't exist", "page did not exist", "page no longer exists",
            "page is no longer available", "page no longer available", "page is not available",
            "page isn't available", "page not available", "page unavailable",
            "page has been removed", "page was removed", "page is missing", "page missing",
            "article not found", "article is no longer available", "article no longer available",
            "article does not exist", "story not found", "story is no longer available",
            "post not found", "document not found", "content not found",
            "content is no longer available", "content isn't available",
            "content is not available", "content unavailable", "content has been removed",
            "we can't find that page", "we couldn't find that page", "can't find that page",
            "can't find this page", "cannot find that page", "couldn't find this page",
            "we couldn't find the page", "we can't find the page", "page you are looking for",
            "page you're looking for", "page you were looking for", "page you requested",
            "requested page", "requested url was not found", "resource not found",
            "url not found", "object not found", "nothing was found here", "nothing found here",
            "nothing here", "item not found", "no such page", "dead link", "broken link",
            "page expired", "listing not found", "video unavailable", "lost in space",
        ),
        "de": (
            "seite nicht gefunden", "nicht gefunden", "seite wurde nicht gefunden",
            "seite konnte nicht gefunden werden", "seite existiert nicht",
            "seite existiert nicht mehr", "seite gibt es nicht", "seite ist nicht verfügbar",
            "seite nicht verfügbar", "seite ist nicht mehr verfügbar",
            "artikel nicht gefunden", "artikel ist nicht mehr verfügbar",
            "inhalt nicht gefunden", "inhalt ist nicht mehr verfügbar",
            "dokument nicht gefunden", "datei nicht gefunden", "angeforderte seite",
            "gesuchte seite", "diese seite fehlt", "fehler 404",
        ),
        "fr": (
            "page non trouvée", "page introuvable", "page inexistante", "page not found",
            "page n'existe pas", "page n'existe plus", "page n'a pas été trouvée",
            "page est introuvable", "page n'est plus disponible", "page demandée",
            "page que vous recherchez", "page que vous cherchez", "page indisponible",
            "article introuvable", "article n'existe plus", "contenu introuvable",
            "contenu indisponible", "document introuvable", "fichier introuvable",
            "erreur 404",
        ),
        "es": (
            "página no encontrada", "no se encontró la página", "no se ha encontrado la página",
            "no se encuentra la página", "no encontramos la página", "página no existe",
            "la página ya no existe", "página no disponible", "página inexistente",
            "no encontrado", "contenido no encontrado", "contenido no disponible",
            "artículo no encontrado", "noticia no encontrada", "página solicitada",
            "página que buscas", "página que busca", "no podemos encontrar la página",
        ),
        "pt": (
            "página não encontrada", "não encontrado", "não encontrada", "página não existe",
            "página inexistente", "página não está disponível", "página indisponível",
            "não encontramos a página", "a página não foi encontrada", "conteúdo não encontrado",
            "conteúdo indisponível", "notícia não encontrada", "página solicitada",
            "página que você procura", "erro 404",
        ),
        "it": (
            "pagina non trovata", "pagina non è stata trovata", "pagina non esiste",
            "pagina inesistente", "pagina non disponibile", "pagina non più disponibile",
            "non trovato", "contenuto non trovato", "contenuto non disponibile",
            "articolo non trovato", "pagina richiesta", "pagina che stai cercando", "errore 404",
        ),
        "nl": (
            "pagina niet gevonden", "pagina is niet gevonden", "pagina kon niet worden gevonden",
            "pagina bestaat niet", "pagina bestaat niet meer", "pagina niet beschikbaar",
            "niet gevonden", "artikel niet gevonden", "deze pagina is niet beschikbaar",
            "opgevraagde pagina", "pagina die je zoekt", "pagina die u zoekt", "fout 404",
        ),
        "pl": (
            "nie znaleziono strony", "strona nie została znaleziona", "strony nie znaleziono",
            "strona nie istnieje", "strona niedostępna", "nie znaleziono",
            "nie ma takiej strony", "nie znaleziono artykułu", "artykuł nie istnieje",
            "strona, której szukasz", "żądana strona", "błąd 404",
        ),
        "ru": (
            "страница не найдена", "страница не существует", "страница удалена",
            "страница недоступна", "не найдено", "не найдена", "материал не найден",
            "статья не найдена", "новость не найдена", "документ не найден",
            "такой страницы нет", "такой страницы не существует", "нет такой страницы",
            "запрашиваемая страница", "запрошенная страница", "ошибка 404",
        ),
        "uk": (
            "сторінку не знайдено", "сторінка не знайдена", "сторінки не існує",
            "сторінка не існує", "сторінка недоступна", "не знайдено", "матеріал не знайдено",
            "статтю не знайдено", "новину не знайдено", "такої сторінки немає",
            "такої сторінки не існує", "помилка 404",
        ),
        "zh": (
            "页面不存在", "页面未找到", "找不到页面", "找不到该页面", "找不到网页", "网页不存在",
            "您访问的页面不存在", "你访问的页面不存在", "您访问的页面", "未找到页面", "页面找不到",
            "文章不存在", "内容不存在", "该内容已被删除", "该页面已删除", "文章已被删除",
            "无法找到该页", "无法找到页面", "页面已失效", "頁面不存在", "找不到頁面", "找不到網頁",
            "找不到該頁面", "網頁不存在", "您要找的頁面", "無法找到頁面", "文章已刪除",
        ),
        "ja": (
            "ページが見つかりません", "ページは見つかりません", "お探しのページ",
            "ページが存在しません", "ページは存在しません", "指定されたページ",
            "見つかりませんでした",
            "記事が見つかりません", "記事は見つかりません", "このページは存在しません",
            "ページがありません", "ページは削除されました", "公開を終了しました",
        ),
        "ko": (
            "페이지를 찾을 수 없습니다", "페이지를 찾을수 없습니다", "찾을 수 없는 페이지",
            "존재하지 않는 페이지", "페이지가 존재하지 않습니다", "요청하신 페이지",
            "삭제된 기사", "존재하지 않는 기사", "기사를 찾을 수 없습니다", "찾을 수 없습니다",
        ),
        "ar": (
            "الصفحة غير موجودة", "لم يتم العثور على الصفحة", "لم يتم العثور", "غير موجودة",
            "الصفحة غير متوفرة", "الصفحة المطلوبة", "الصفحة التي تبحث عنها", "خطأ 404",
            "المقال غير موجود", "هذه الصفحة غير متاحة",
        ),
        "tr": (
            "sayfa bulunamadı", "sayfa mevcut değil", "bulunamadı", "aradığınız sayfa",
            "böyle bir sayfa yok", "haber bulunamadı", "içerik bulunamadı",
            "sayfa kaldırılmış", "sayfaya ulaşılamıyor", "hata 404",
        ),
        "sv": (
            "sidan hittades inte", "sidan kunde inte hittas", "sidan finns inte",
            "sidan saknas", "hittades inte", "sidan kan inte hittas", "sidan du söker",
            "artikeln hittades inte", "artikeln finns inte", "sidan är inte tillgänglig",
        ),
        "da": ("siden blev ikke fundet", "siden findes ikke", "siden kunne ikke findes"),
        "no": ("siden ble ikke funnet", "siden finnes ikke", "fant ikke siden", "ikke funnet"),
        "fi": ("sivua ei löytynyt", "sivua ei löydy", "sivua ei ole olemassa"),
        "cs": ("stránka nenalezena", "stránka nebyla nalezena", "stránka neexistuje"),
        "sk": ("stránka nebola nájdená", "stránka sa nenašla", "stránka neexistuje"),
        "hu": ("az oldal nem található", "oldal nem található", "a keresett oldal"),
        "ro": ("pagina nu a fost găsită", "pagina nu există", "pagină negăsită"),
        "el": ("η σελίδα δεν βρέθηκε", "η σελίδα δεν υπάρχει", "δεν βρέθηκε"),
        "bg": ("страницата не е намерена", "страницата не съществува"),
        "hr": ("stranica nije pronađena", "stranica ne postoji"),
        "id": ("halaman tidak ditemukan", "tidak ditemukan", "halaman tidak tersedia"),
        "vi": ("không tìm thấy trang", "trang không tồn tại", "không tìm thấy"),
        "th": ("ไม่พบหน้า", "ไม่พบหน้าที่คุณต้องการ"),
        "he": ("הדף לא נמצא", "העמוד לא נמצא", "דף לא נמצא"),
        "fa": ("صفحه یافت نشد", "صفحه مورد نظر یافت نشد", "پیدا نشد"),
        "hi": ("पृष्ठ नहीं मिला", "पेज नहीं मिला"),
    }
)  # fmt: skip
# What stands around these phrases and says nothing itself.
_FILLERS = Phrases(
    {
        "en": (
            "404", "410", "error", "http", "https", "status", "code", "oops", "whoops", "uh oh",
            "ooops", "sorry", "we're sorry", "we are sorry", "the", "this", "that", "a", "an",
            "could not be found", "couldn't be found", "cannot be found", "can't be found",
            "was not found", "does not exist", "doesn't exist", "doesn't seem to exist",
            "no longer exists", "is no longer available", "is not available", "is unavailable",
            "has been removed", "has moved", "or has been moved", "or was moved",
            "may have been moved", "might have been removed", "on this server", "exception",
            "gone", "you", "for", "here", "it", "seems", "looks like", "we", "and", "or", "is",
        ),
        "de": (
            "fehler", "leider", "ups", "hoppla", "die", "diese", "der", "das", "entschuldigung",
            "wurde nicht gefunden", "konnte nicht gefunden werden", "existiert nicht",
            "existiert nicht mehr", "nicht mehr", "von ihnen", "ihnen",
        ),
        "fr": ("erreur", "oups", "désolé", "la", "cette", "cet", "le", "n'existe pas",
               "n'existe plus", "est introuvable", "n'a pas été trouvée"),
        "es": ("error", "lo sentimos", "ups", "vaya", "la", "esta", "no existe",
               "no se encuentra", "no está disponible", "ha sido encontrada"),
        "pt": ("erro", "ops", "desculpe", "a", "esta", "não existe", "não foi encontrada"),
        "it": ("errore", "ops", "spiacenti", "siamo spiacenti", "la", "questa", "non esiste"),
        "nl": ("fout", "oeps", "helaas", "sorry", "de", "deze", "bestaat niet"),
        "pl": ("błąd", "ups", "przepraszamy", "ta", "niestety"),
        "ru": ("ошибка", "к сожалению", "извините", "упс", "эта", "не найдена",
               "не существует"),
        "uk": ("помилка", "на жаль", "вибачте", "ця"),
        "zh": ("抱歉", "对不起", "很抱歉", "错误", "不存在", "已被删除", "或已被删除", "對不起"),
        "ja": ("申し訳ございません", "エラー", "は見つかりませんでした", "が見つかりません",
               "が見つかりませんでした", "は存在しません", "は削除された可能性があります"),
        "ko": ("죄송합니다", "오류", "를 찾을 수 없습니다"),
        "ar": ("عذرا", "خطأ", "غير موجودة"),
        "tr": ("hata", "üzgünüz", "maalesef", "bulunamadı", "mevcut değil"),
        "sv": ("fel", "tyvärr", "hoppsan", "finns inte", "hittades inte", "ursäkta"),
    }
)  # fmt: skip
_BARE = frozenset(
    fold(line)
    for line in (
        "404", "410", "404 error", "error 404", "http 404", "http error 404", "404 gone",
        "410 gone", "fehler 404", "erreur 404", "error 410", "404 page", "página 404",
        "404 - file or directory not found", "code 404", "404 ошибка", "404错误", "404頁面",
    )
)  # fmt: skip


def phrase_of_absence(line: str) -> str | None:
    """Return the words by which a title or heading says that there is no page; None: it does not.

    The line, or a part of it beside the site's name, must say hardly anything else: headlines of
    articles about missing pages do.
    """
    for segment in segments(line):
        if segment in _BARE:
            return segment.strip()
        phrase = _PHRASES.first_in(segment)
        if phrase and len(_FILLERS.without(f" {_PHRASES.without(segment)} ")) <= MAX_REST:
            return phrase
    return None


LANGUAGES = _PHRASES.languages
