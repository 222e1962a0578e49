"""What an article says about itself: notes of correction and update, and its dateline."""

from __future__ import annotations

import re

_CORRECTION = re.compile(
    r"(?:^|[\W_])(?:correction|corrections|corrected|clarification|erratum|retraction|retracted|"
    r"withdrawn|editor'?s'? note|update|updated|addendum|amendment|amended|"
    r"korrektur|richtigstellung|berichtigung|anm(?:erkung)?\.? d(?:er)?\.? red\w*\.?|"
    r"aktualisierung|nachtrag|rectificatif|correctif|mise à jour|note de la rédaction|"
    r"corrección|fe de errata|fe de errores|rectificación|aclaración|actualización|"
    r"nota del editor|rettifica|errata corrige|correzione|aggiornamento|correção|errata|"
    r"atualização|retificação|correctie|rectificatie|aanvulling|rättelse|sprostowanie|düzeltme|"
    r"исправление|уточнение|поправка|опровержение|обновление|تصحيح|توضيح|تحديث|"
    r"更正|勘误|勘誤|撤稿|撤回|编者按|編者按|訂正|お詫び|追記|정정|바로잡습니다)"
    r" ?(?:\([^)]{1,40}\)|, [\w .,:]{3,40}|\d[\w .,:/-]{3,30})? ?[:\]】]",
    re.IGNORECASE,
)
_CORRECTED = re.compile(
    r"\b(?:this|the) (?:article|story|post|piece|report|headline|page|version)\b[^.]{0,80}\b(?:"
    r"(?:was|were|has been|have been) (?:\w+ )?(?:amended|corrected|updated|clarified|retracted|"
    r"withdrawn|revised|changed)|(?:is|was) being (?:corrected|retracted))|"
    r"\b(?:an|a) (?:earlier|previous|prior) version of (?:this|the)\b|"
    r"\b(?:earlier|previous) versions of this\b|\bthis (?:article|story) originally\b|"
    r"\b(?:article|paper|study) has been retracted\b|\b(?:we|the editors) (?:regret|apologi[sz]e)\b"
    r"[^.]{0,40}\berror|in einer (?:früheren|ersten|vorherigen) (?:version|fassung)|"
    r"dieser (?:artikel|text|beitrag) wurde [^.]{0,60}(?:korrigiert|aktualisiert|geändert|"
    r"berichtigt)|"
    r"une (?:première |précédente )?version (?:précédente|antérieure|initiale)?[^.]{0,30}article|"
    r"cet article a été (?:modifié|corrigé|mis à jour)|"
    r"una versión (?:anterior|previa) de est|"
    r"este artículo (?:ha sido|fue) (?:corregido|actualizado|modificado)|"
    r"una (?:precedente versione|versione precedente)|"
    r"quest'?o? articolo è stato (?:corretto|aggiornato|modificato)|uma versão anterior|"
    r"este (?:artigo|texto) foi (?:corrigido|atualizado|alterado)|"
    r"in een eerdere versie|в (?:более )?(?:ранней|предыдущей|первоначальной) версии|"
    r"(?:текст|статья|новость) (?:был\w* )?(?:исправлен|дополнен|обновлен)\w*|"
    r"本文(?:已|曾|经)[^。]{0,20}(?:更正|修正|修改|更新)|此前版本|早前版本|記事を訂正|訂正しました",
    re.IGNORECASE,
)
_DATELINE = re.compile(
    r"(?:[^\W\d_a-z](?:[^\W\d_a-z]|[ .'-]){2,40}(?:, [\w .]{2,30}){0,2}|"
    r"[^\W\d_a-z][\w .'-]{2,30}(?:, [\w .]{2,30}){0,2}(?= \())(?: \([^)]{2,30}\))? -(?= )"
)


# One of these stands in whatever of plain letters the pattern above matches. To look for them takes
# a fiftieth of the time in a line that has none.
_PLAIN = (
    "artic", "artikel", "artigo", "texto", "dieser", "story", "post", "piece", "report", "headline",
    "page", "vers", "fassung", "retracted", "regret", "apolog",
)  # fmt: skip


def is_correction(line: str) -> bool:
    """Return whether a normalised line says that the article was corrected or withdrawn."""
    return _CORRECTION.match(line[:120]) is not None or _says_corrected(line[:600])


def _says_corrected(line: str) -> bool:
    if line.isascii() and not any(map(line.lower().__contains__, _PLAIN)):
        return False
    return _CORRECTED.search(line) is not None


def dateline_of(lines: list[str]) -> str | None:
    """Return place and date before the first sentence ("GENEVA, March 4 (Reuters) -"), if any."""
    for line in lines[:5]:
        if match := _DATELINE.match(line):
            return match[0].removesuffix(" -")
    return None
