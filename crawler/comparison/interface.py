"""What a page says about itself and not about its subject: buttons, counters, teasers, ages.

Only short lines are looked at. A line that is none of these stays, however short it is.
"""

from __future__ import annotations

import re

from crawler.comparison.lexicon import MONTHS, WEEKDAYS
from crawler.comparison.texts import count_words

SHORT = 15  # words; lines of the interface are shorter
MAX_LENGTH = 300  # characters of fewer than 15 words that are words

# A line all of whose words are among these is a control, in whatever order they stand.
_CONTROL_WORDS = """
    a all and app as at back by close closed collapse comment comments contents continue copied copy
    details download edit email e-mail expand export facebook feedback follow for full gallery hide
    home image images in instagram item items jump keep less like likes link linkedin load loading
    main markdown menu messenger minimise minimize more navigation next now of off on open options
    or our page pages password photo photos pinterest post previous print read reading reddit
    register reload reply report results retweet rss save search section see settings share show
    sidebar sign signal skip site story subscribe table telegram text the this to toc toggle top
    translate tweet twitter up us video videos view watch whatsapp with you youtube your x in log
    login logout in/out listen click here tap swipe slide
    ad ads advert advertisement advertising anzeige werbung publicité publicidad pubblicità reklama
    sponsored promoted
    mehr lesen weiterlesen teilen drucken seite startseite artikel merken inhalt inhaltsverzeichnis
    anzeigen ausblenden schließen zurück weiter nach oben
    lire suite partager imprimer fermer afficher plus moins masquer sommaire accueil retour
    leer compartir imprimir cerrar mostrar ver ocultar menos inicio volver siguiente anterior
    leggi condividi stampa chiudi mostra nascondi indietro indice
    leia compartilhar compartilhe imprimir fechar voltar sumário
    поделиться распечатать читать далее закрыть показать скрыть меню реклама оглавление
    """
_CONTROLS = frozenset(_CONTROL_WORDS.split())
# Beginnings of lines that lead to another page, or ask for something.
_LEADS = re.compile(
    r"(?:(?:read|see|watch|hear|learn) (?:more|also|next|on|further)\b|also read\b|"
    r"related(?: (?:articles?|stories|story|topics?|coverage|content|news|links?))?(?: *[:|]|$)|"
    r"more (?:on|from|about|news|stories)\b|most (?:read|popular|viewed|shared)\b|"
    r"trending(?: now| topics)?\W*$|"
    r"(?:recommended|suggested)(?: for you| reading| stories| articles)?(?: *[:|]|$)|"
    r"you (?:may|might) (?:also|be interested)\b|(?:don't|do not) miss\b|editors?'?s? picks?\b|"
    r"subscribe (?:to|now|for|today)\b|sign up (?:for|to|now|here)\b|sign in to\b|log in to\b|"
    r"follow (?:us|the) \b.*\bon\b|share (?:this|on|via)\b|click here\b|tap here\b|"
    r"download (?:the|our)\b[^.]*\bapp\b|(?:join|get) (?:our|the) [^.]*newsletter|"
    r"support (?:us|our|independent) |"
    r"(?:this (?:site|website)|we) uses? cookies\b\D*$|"
    r"by (?:continuing|using|clicking)\b\D*\bcookies\b\D*$|"
    r"(?:accept|manage|reject) (?:all )?cookies\b|all rights reserved|©|"
    r"\(c\) \d{4}|copyright(?: ©|:? \d{4}| by)|"
    r"table of contents|skip to\b|jump to\b|story continues (?:below|after)\b|"
    r"article continues (?:below|after)\b|advertisement\W*$|sponsored (?:by|content|links?)\b|"
    r"lesen sie (?:auch|mehr|dazu|hier)\b|mehr (?:zum thema|dazu|aus|von)\b|auch interessant\b|"
    r"das könnte sie\b|zum thema\b|wir (?:verwenden|nutzen) cookies\b\D*$|newsletter\W*$|"
    r"lire (?:aussi|la suite|également|plus)\b|à lire\b|voir aussi\b|sur le même sujet\b|"
    r"abonnez-vous\b|nous utilisons des cookies\b\D*$|"
    r"leer (?:más|también)\b|lea (?:también|más|además)\b|te (?:puede|podría) interesar\b|"
    r"ver (?:más|también)\b|suscríb\w+|le puede interesar\b|noticias? relacionadas?\b|"
    r"leggi (?:anche|tutto|di più)\b|potrebbe interessarti\b|iscriviti\b|"
    r"leia (?:também|mais)\b|veja (?:também|mais)\b|saiba mais\b|assine\b|"
    r"lees (?:ook|verder|meer)\b|czytaj (?:też|także|więcej|dalej)\b|zobacz (?:też|także)\b|"
    r"läs (?:mer|även|också)\b|les også\b|læs også\b|devamını oku\b|baca juga\b|"
    r"читайте (?:также|ещё|еще|далее|нас)\b|подробнее\b|подписывайтесь\b|смотрите также\b|"
    r"اقرأ (?:أيضا|أيضًا|المزيد)|شاهد أيضا|"
    r"(?:相关|相關)(?:阅读|閱讀|新闻|新聞|报道|報導|推荐|文章|链接)|延伸(?:阅读|閱讀)|推荐阅读|"
    r"点击(?:查看|阅读|进入|这里)|阅读(?:更多|全文|原文)|更多(?:精彩|内容|新闻|阅读|>>)|查看更多|"
    r"关注我们|分享(?:到|至)|扫码|扫一扫|下载(?:客户端|APP)|广告|廣告|"
    r"関連(?:記事|ニュース|リンク)|続きを読む|もっと(?:見る|読む)|あわせて読みたい|"
    r"관련 ?(?:기사|뉴스)|더 ?보기)",
    re.IGNORECASE,
)

_AMOUNT = r"\d[\d.,' ]*(?:[kmKM]\b|[万萬亿億])?\+?"
_COUNTED = (
    r"(?:(?:page )?views?|reads?|readers?|comments?|shares?|likes?|retweets?|tweets?|repl(?:y|ies)|"
    r"votes?|upvotes?|claps?|reactions?|followers?|subscribers?|downloads?|bookmarks?|"
    r"(?:people|users) (?:like|are (?:reading|viewing|watching))[\w ]*|"
    r"min(?:ute)?s?\.? (?:read|reading|lesezeit)|kommentare?|aufrufe|leser|min(?:uten)? lesezeit|"
    r"commentaires?|partages|vues|lectures?|min(?:utes)? de lecture|"
    r"comentarios?|comentários?|visitas|vistas|compartidos|visualizações|visualizaciones|"
    r"min(?:utos)? de (?:lectura|leitura)|commenti|condivisioni|visualizzazioni|"
    r"просмотр\w*|комментари\w*|репост\w*|лайк\w*|"
    r"(?:次|人)?(?:阅读|閱讀|浏览|瀏覽|评论|評論|点赞|點讚|转发|轉發|分享|观看|收藏|留言|播放)|"
    r"回の?閲覧|コメント|いいね|조회|댓글)"
)
# Counters and ages stand apart: at the ends of a line, or between its signs.
_LEFT = r"(?:^|[|·•,;:(/>-] ?)"
_RIGHT = r"(?= ?(?:$|[|·•,;:)/<-]))"
_COUNTER = re.compile(
    rf"{_LEFT}(?:(?:{_AMOUNT} ?{_COUNTED}|{_COUNTED}(?:数|数量|量|數)? ?[:(]? ?{_AMOUNT}\)?)"
    rf"(?: |(?!\w)))+{_RIGHT}",
    re.IGNORECASE,
)
_FEW = r"(?:\d+|an?|one|a few|several|some|einer?|einem|une?|una|uno|um|uma|пару)"
_AGE_LABEL = (
    r"(?:(?:last |first )?(?:updated|published|posted|modified)|aktualisiert|veröffentlicht|"
    r"mis à jour|publié|actualizado|publicado|aggiornato|atualizado|обновлено|опубликовано|"
    r"更新|发布|發布|公開)?"
)
_AGE = re.compile(
    rf"{_LEFT}{_AGE_LABEL}:? ?(?:(?:about |over |almost )?{_FEW} ?"
    r"(?:s|sec|second|m|min|minute|h|hr|hour|d|day|w|week|mo|month|y|yr|year)s?\.? ago\b|"
    r"\b(?:just now|moments ago)\b|"
    rf"\bvor (?:etwa )?{_FEW} (?:sekunde|minute|stunde|tag|woche|monat|jahr)\w*|"
    rf"\bil y a {_FEW} (?:seconde|minute|heure|jour|semaine|mois|an)\w*|"
    rf"\bhace {_FEW} (?:segundo|minuto|hora|día|semana|mes|año)\w*|"
    rf"\bhá {_FEW} (?:segundo|minuto|hora|dia|semana|mês|mes|ano)\w*|"
    rf"\b{_FEW} (?:second[oi]|minut[oi]|or[ae]|giorn[oi]|settiman[ae]|mes[ei]|ann[oi]) fa\b|"
    rf"\b{_FEW} (?:секунд|минут|час|дн|день|недел|месяц|год|лет)\w* назад\b|"
    r"\d+ ?(?:秒|分|分钟|分鐘|时|小时|小時|時間|天|日|周|週|個月|个月|か月|年)之?前|"
    r"刚刚|剛剛|たった今|"
    rf"\d+ ?(?:초|분|시간|일|주|개월|년) ?전){_RIGHT}",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"[\W_]*")

# A line in which a page dates itself. It tells when, not what.
_STAMP = re.compile(
    r"(?:(?:date )?(?:last |first )?(?:updated|modified|revised|reviewed|published|posted|edited)|"
    r"(?:effective|publication|revision) date|stand|zuletzt (?:aktualisiert|geändert)|aktualisiert|"
    r"veröffentlicht|(?:dernière )?mise à jour|mis à jour|publié|(?:última )?actualización|"
    r"(?:última )?atualização|actualizado|publicado|(?:ultimo )?aggiornamento|aggiornato|"
    r"pubblicato|обновлено|опубликовано|"
    r"(?:最后|最後)?(?:更新|修改|发布|發布|发表|發表)(?:时间|時間|日期|于|於|日)?|発表日|更新日|公開日)(?![^\W\d])",
    re.IGNORECASE,
)
_DATE_WORDS = """
    mon tue tues wed thu thur thurs fri sat sun st nd rd th am pm a m p h hrs z t
    gmt utc est edt et cst cdt pst pdt bst cet cest ist jst on at the of um uhr vom le à du las los
    el de del di alle ore às em в г года 年 月 日 时 時 分 秒
    """
_OF_DATES = frozenset((*_DATE_WORDS.split(), *MONTHS, *WEEKDAYS))

# What Cloudflare shows in place of an address to a reader without scripts
HIDDEN_EMAIL = "[email protected]"
_EMAIL = re.compile(
    r"\[email protected\]|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
)

# Marks of lists and footnotes, which templates and extractors set and drop. A number with a point
# before the name of a month is none (3. Mai).
_LIST_MARK = re.compile(
    r"(?:[-*•·‣▪◦●○■] |\(?\d{1,2}[.)] "
    r"(?!(?:jan|feb|m[aäei]|apr|ju[ln]|aug|sep|o[ck]t|nov|d[eé][cz])))",
    re.IGNORECASE,
)
_FOOTNOTE = re.compile(r"\[(?:\d{1,3}|edit|bearbeiten|modifier|editar|編集|编辑)\]")


def is_short(line: str) -> bool:
    """Return whether a line is short enough to belong to the interface."""
    return len(line) <= MAX_LENGTH and count_words(line) < SHORT


def is_interface(line: str) -> bool:
    """Return whether a normalised line is a control, a counter, an age or a lead elsewhere."""
    if not is_short(line):
        return False
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", line.casefold())
    if len(words) <= 6 and _CONTROLS.issuperset(words) and not re.search(r"[\d.!]", line):
        return True
    return bool(_LEADS.match(line.lstrip("|>»→+#*- ")) or not quieted(line))


def quieted(line: str) -> str:
    """Return a short line without counters and ages; "" when nothing else stood in it."""
    if not is_short(line):
        return line
    bare = _AGE.sub("", _COUNTER.sub("", line))
    if bare == line:
        return line
    return "" if _NOTHING.fullmatch(bare) else " ".join(bare.split())


def is_stamp(line: str) -> bool:
    """Return whether in a normalised line a page only dates itself, as "Last updated: 3 May"."""
    label = _STAMP.match(line)
    if label is None or not re.search(r"\d", line):
        return False
    words = re.findall(r"[年月日时時分秒]|[^\W\d_]+", line[label.end() :].casefold())
    return all(word in _OF_DATES for word in words)


def without_marks(line: str) -> str:
    """Return a normalised line without the mark of a list and the numbers of footnotes."""
    return _FOOTNOTE.sub("", _LIST_MARK.sub("", line, count=1) if _LIST_MARK.match(line) else line)


def without_addresses(text: str) -> str:
    """Return a text in which all e-mail addresses, hidden ones too, look alike."""
    return _EMAIL.sub("@", text)
