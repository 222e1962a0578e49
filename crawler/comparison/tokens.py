"""The parts of a sentence that carry its facts: numbers, dates, names, negations, quotations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import pairwise

from crawler.comparison import lexicon
from crawler.comparison.change import EditKind
from crawler.comparison.texts import CJK


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a sentence that carries a fact."""

    kind: EditKind
    key: str  # equal for what means the same: "$5m" and "5 million dollars"
    text: str  # as written
    start: int  # in the sentence


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of the articles that a sentence stands in."""

    language: str | None = None  # BCP 47 tag
    names: frozenset[str] = frozenset()  # words that are written with a capital inside sentences

    @property
    def capitalises_nouns(self) -> bool:
        """Whether in this language a capital letter makes no name."""
        return (self.language or "").partition("-")[0].lower() in ("de", "lb", "nds", "gsw")


# ------------------------------------------------------------------ numbers

_DIGITS = r"(?:\d{1,3}(?:[, ']\d{3})+(?!\d)(?:\.\d+)?|\d+(?:[.,:/]\d+)*)"
_SCALE = "|".join(sorted(map(re.escape, lexicon.SCALES), key=len, reverse=True))
_AMOUNT = rf"{_DIGITS}(?:[ -]?(?:{_SCALE})\b\.?| ?[万萬亿億千百만억](?!\w))?"
_SIGNS = r"(?:US|CA?|AU?|HK|NZ|NT|R|S)?\$|[€£¥₹₽₩₺₴₪฿₫₦]"
_CODES = r"USD|EUR|GBP|CHF|JPY|CNY|RMB|INR|RUB|AUD|CAD|HKD|SEK|NOK|DKK|PLN|TRY|BRL|MXN|KRW"
_COINS = (
    r"dollars?|euros?|pounds?|yen|yuan|renminbi|roubles?|rubles?|rupees?|pesos?|francs?|won|"
    r"krone[rn]?|kronor|złotych|zł|lira|reais|real|dólares|libras|franken|dollari|рубл\w*|доллар\w*|"
    r"евро|cents?|pence"
)
_CJK_COINS = (
    "美元|欧元|歐元|英镑|英鎊|日元|日圆|人民币|人民幣|港元|港币|卢布|元|円|ドル|ユーロ|원|달러"
)
_CJK_NUMBER = "[〇零一二三四五六七八九十百千万萬亿億兆两兩]+"
_MONEY = (
    rf"(?:{_SIGNS}|\b(?:{_CODES}|Rs\.?)) ?{_AMOUNT}(?:[ ]?(?:k|m|bn|b|tn)\b)?|"
    rf"{_AMOUNT}[ -]?(?:(?:US |U\.S\. |Canadian |Australian )?(?:{_COINS})\b|(?:{_CODES})\b|"
    rf"{_SIGNS})|"
    rf"(?:{_DIGITS} ?[万萬亿億千百]?|{_CJK_NUMBER})(?:{_CJK_COINS})"
)
_PERCENT = (
    rf"[+-]?{_AMOUNT} ?(?:%|‰|per ?cent\b|percentage points?\b|pct\b|prozent\w*|pour cent\b|"
    rf"por ciento\b|per cento\b|por cento\b|procent\w*|процент\w*)|"
    rf"百分之(?:{_CJK_NUMBER}|{_DIGITS})"
)
_MONTH = "|".join(sorted(map(re.escape, lexicon.MONTHS), key=len, reverse=True))
_DAY = r"\d{1,2}(?:st|nd|rd|th|er|º|\.)?"
_DATE = (
    r"\b\d{4}-\d{1,2}-\d{1,2}\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b|\b\d{4}[./]\d{1,2}[./]\d{1,2}\b|"
    r"\d{4}年(?:\d{1,2}月(?:\d{1,2}日)?)?|\d{1,2}月(?:\d{1,2}日)?|\d{1,2}日|"
    rf"\b{_DAY} (?:of |de |d')?(?:{_MONTH})\b\.?(?:,? (?:de |del )?\d{{4}}\b)?|"
    rf"\b(?:{_MONTH})\b\.? {_DAY}(?:,? \d{{4}}\b)?(?!\w)|\b(?:{_MONTH})\b\.?,? (?:de )?\d{{4}}\b|"
    r"(?:星期|周|週|礼拜)[一二三四五六日天](?!\w*[年])|[月火水木金土日]曜日?"
)
_NUMBER = rf"(?:(?<![\w)\]])[+-])?{_AMOUNT}(?:(?:st|nd|rd|th|er|ème|e|º)\b)?|{_CJK_NUMBER}"

# Where what counts or negates does neither.
_FIXED_WORDS = (
    r"\b(?:the|this|that|any|each|every|some|which|another|an? \w+) ones?\b|"
    r"\bone(?: another|'s)\b"
)
_FIXED = (
    rf"{_FIXED_WORDS}|"
    r"一些|一直|一样|一樣|一定|一般|一起|一切|一旦|一律|一再|一边|一邊|一方面|一带一路|一下|一点|一點|统一|統一|"
    r"唯一|万一|萬一|进一步|進一步|十分|百姓|两岸|兩岸|一緒|一番|三菱|"
    r"差不多|非常|非洲|未来|未來|未婚|"
    r"无线|無線|特别|特別|别人|別人|个别|分别|区别|別の|級別|级别|性别|否则|没收|莫斯科"
)
_NEGATION = (
    r"不|没有|沒有|没|沒|无|無|未|非|勿|莫|否认|否認|别(?=[再让说])|"
    r"ません|ない|なかった|なく(?=て|、)|않|못|없|아니"
)
_SURE = (
    "据称|據稱|据报|據報|据说|據說|据悉|據悉|涉嫌|疑似|疑为|可能|或许|或許|也许|也許|大概|似乎|确认|確認|"
    "证实|證實|未经证实|声称|聲稱|宣称|指控|被控|应该|應該|必须|必須|肯定|必定|"
    "とみられる|とされる|可能性|かもしれない|だろう|らしい|確定|疑い|혐의|의혹|추정|알려졌|확인"
)
_WORD = rf"[^\W\d_{CJK}](?:[^\W_{CJK}]|['-](?=[^\W_]))*"

_NAME = rf"[{CJK}]{{1,8}}(?:[·・][{CJK}]{{1,8}})+"
_HAS_DIGIT = re.compile(r"\d")
_HAS_CJK = re.compile(f"[{CJK}\uac00-\ud7a3]")


@cache
def _parts(has_digits: bool, has_cjk: bool) -> re.Pattern[str]:
    """Return the pattern of what a sentence consists of; most need neither half of it.

    Without them it takes a tenth of the time, and compiling it is put off until it is needed.
    """
    kinds = {"fixed": _FIXED if has_cjk else _FIXED_WORDS}
    if has_digits or has_cjk:
        kinds |= {"date": _DATE, "percent": _PERCENT, "money": _MONEY, "number": _NUMBER}
    if has_cjk:
        kinds |= {"certainty": _SURE, "negation": _NEGATION}
    kinds["word"] = _WORD
    if has_cjk:
        kinds["name"] = _NAME
    return re.compile("|".join(f"(?P<{k}>{part})" for k, part in kinds.items()), re.IGNORECASE)


# What stands of a number or date before its first digit has at most 18 characters, a month's name
# and "de" among them.
_REACH = 30


def _parts_of(sentence: str) -> Iterator[re.Match[str]]:
    """Give the parts of a sentence: numbers are looked for only shortly before a digit."""
    if _HAS_CJK.search(sentence):
        yield from _parts(True, True).finditer(sentence)
        return
    at = 0
    while digit := _HAS_DIGIT.search(sentence, at):
        for part in _parts(False, False).finditer(sentence, at):
            if part.start() >= digit.start() - _REACH:
                break
            yield part
            at = part.end()
        for part in _parts(True, False).finditer(sentence, at):
            yield part
            at = part.end()
            if at > digit.start():
                break
        else:
            return
    yield from _parts(False, False).finditer(sentence, at)


_QUOTED = re.compile(
    r'(?<!\w)"(?=[^\s"])([^"]{1,2000}?)(?<=[^\s"])"(?!\w)|[「『《](.{1,500}?)[」』》]|'
    r"(?<![\w])'(?=[^\W_])((?:[^'\"]|(?<=\w)'(?=\w)){2,500}?)(?<=\S)'(?!\w)"
)


def tokens_of(sentence: str, reading: Reading, *, listed: bool = False) -> list[Token]:
    """Return the tokens of a normalised sentence in their order, without its quotations.

    ``listed``: it is an item of a list, where names stand without a sentence around them.
    """
    parts = list(_parts_of(sentence))
    names = _names(sentence, [part for part in parts if part.lastgroup == "word"], reading, listed)
    found: list[Token] = []
    for part in parts:
        token = _token(part, reading, names)
        if token is None:
            continue
        if found and (joined := _joined(found[-1], token, sentence)):
            found[-1] = joined
        else:
            found.append(token)
    return found


def quotations(line: str) -> Iterator[tuple[int, int]]:
    """Give where the quotations of a normalised line begin and end, marks left out."""
    for match in _QUOTED.finditer(line):
        yield match.span(match.lastindex or 0)


def names_in(lines: Iterable[str]) -> frozenset[str]:
    """Return the words that normalised lines write with a capital in the middle of sentences."""
    words = " \n ".join(lines).split(" ")  # the sign between keeps apart what stands in two lines
    capitals = {word for word in set(words) if word[:1].isupper()}
    inside = {
        word
        for before, word in pairwise(words)
        if word in capitals and (before[-1:].islower() or before[-1:] == ",")
    }
    found = {_bare(word.strip(_MARKS)).casefold() for word in inside}
    return frozenset(found - lexicon.NO_NAMES)


_MARKS = ".,;:!?\"'()[]"
_STARTS = frozenset(':|"([…>#*')  # what stands before a word that begins


def _token(part: re.Match[str], reading: Reading, names: frozenset[int]) -> Token | None:
    """Return the token that a part of a sentence is; None when it is an ordinary word."""
    text, start = part[0], part.start()
    match part.lastgroup:
        case "word":
            return _of_word(text, start, lexicon.meanings(reading.language), start in names)
        case "date":
            return Token("date", _day(text), text, start)
        case "money" | "percent" | "number" as kind:
            return Token(kind, _value(text) + _currency(text) * (kind == "money"), text, start)
        case "certainty" | "negation" | "name" as kind:
            return Token(kind, text.casefold(), text, start)
    return None


def _of_word(
    word: str, start: int, meanings: dict[str, tuple[EditKind, str]], is_name: bool
) -> Token | None:
    """Return the token that a word is; None for one that says nothing by itself."""
    folded = word.casefold()
    said = meanings.get(folded)
    if said and (not is_name or said[0] in ("negation", "date")):
        return Token(*said, word, start)
    if is_name:
        return Token("name", _bare(folded), word, start)
    if folded.endswith("n't"):
        return Token("negation", "not", word, start)
    if "-" in folded:
        values = [meanings.get(piece, ("", ""))[1] for piece in folded.split("-")]
        if all(map(str.isdigit, values)):
            return Token("number", str(sum(map(int, values))), word, start)
    return Token("number", folded, word, start) if _HAS_DIGIT.search(word) else None


def _joined(left: Token, right: Token, sentence: str) -> Token | None:
    """Return one number of two written ones that follow each other, as "five" "million"."""
    between = sentence[left.start + len(left.text) : right.start]
    if left.kind != "number" or right.kind != "number" or between not in (" ", "-"):
        return None
    text = sentence[left.start : right.start + len(right.text)]
    if right.key.startswith("x") and left.key.isdigit():
        return Token("number", str(int(left.key) * int(right.key[1:])), text, left.start)
    if not (right.key.isdigit() and left.key.isdigit() and right.text.isalpha()):
        return None
    return Token("number", str(int(left.key) + int(right.key)), text, left.start)


def _names(
    sentence: str, words: list[re.Match[str]], reading: Reading, listed: bool
) -> frozenset[int]:
    """Return where in a sentence the words begin that are names."""
    capitals = [word for word in words if word[0][0].isupper()]
    if not capitals or _is_shouted(words):
        return frozenset()
    in_title = not listed and _is_title(sentence, words, len(capitals))
    able = [word for word in capitals if word[0].casefold() not in lexicon.NO_NAMES]
    starts, ends = {word.start() for word in able}, {word.end() for word in able}
    found = set()
    for word in able:
        beside = word.end() + 1 in starts or word.start() - 1 in ends
        if _is_known_name(word[0], reading) or (
            not in_title and (beside or _makes_name(sentence, word.start(), words, reading))
        ):
            found.add(word.start())
    return frozenset(found)


def _is_known_name(word: str, reading: Reading) -> bool:
    if len(word) > 1 and word.isupper():
        return True
    return not reading.capitalises_nouns and _bare(word).casefold() in reading.names


def _makes_name(sentence: str, start: int, words: list[re.Match[str]], reading: Reading) -> bool:
    """Return whether a capital letter makes a name where it stands: not where sentences begin."""
    begins = (
        start == words[0].start() or sentence[max(0, start - 2) : start].strip()[-1:] in _STARTS
    )
    return not begins and not reading.capitalises_nouns


def _is_shouted(words: list[re.Match[str]]) -> bool:
    """Return whether a line is written in capitals throughout."""
    loud = sum(len(word[0]) > 1 and word[0].isupper() for word in words)
    return len(words) > 3 and loud > 0.6 * len(words)


def _is_title(sentence: str, words: list[re.Match[str]], capitals: int) -> bool:
    """Return whether a line is a heading Written Like This."""
    return len(words) > 2 and capitals >= 0.6 * len(words) and sentence[-1:] not in ".!?\"'"


def _bare(word: str) -> str:
    return word.removesuffix("'s").removesuffix("'")


_PIECES = re.compile(
    rf"({_DIGITS})(?:[ -]?({_SCALE}|[kmbKMB](?:n\b|\b)|[万萬亿億千百만억]))?", re.IGNORECASE
)
MAX_DIGITS = 15  # longer ones are identifiers, compared as written
_SHORT_SCALES = {"k": 1000, "m": 10**6, "b": 10**9, "千": 1000, "百": 100, "万": 10**4, "萬": 10**4}
_SHORT_SCALES |= {"亿": 10**8, "億": 10**8, "만": 10**4, "억": 10**8, "bn": 10**9}
_THOUSANDS = re.compile(r"(?<=\d)[, '](?=\d{3}(?!\d))")


def _value(text: str) -> str:
    """Return the value of a number as digits, whatever its separators and words of scale."""
    match = _PIECES.search(text)
    if match is None:
        return text.casefold()
    sign = "-" if text.startswith("-") else ""
    digits = _THOUSANDS.sub("", match[1])
    if digits.count(",") == 1:
        digits = digits.replace(",", ".")
    scale = (match[2] or "").casefold()
    factor = lexicon.SCALES.get(scale) or _SHORT_SCALES.get(scale, 1)
    if len(digits) > MAX_DIGITS or digits.count(".") > 1 or not digits.replace(".", "").isdigit():
        return sign + digits  # 10:30, 3/4, 1.2.3
    return f"{sign}{(Decimal(digits) * factor).normalize():f}"


_CURRENCIES = (
    ("$", "us$ dollar usd 美元 ドル 달러 доллар dólares dollari"),
    ("€", "eur euro euros 欧元 歐元 ユーロ евро"),
    ("£", "gbp pound 英镑 英鎊 libras"),
    ("¥", "jpy cny rmb yen yuan renminbi 日元 日圆 人民币 人民幣 元 円"),
)
_SIGN_OF = {name: sign for sign, names in _CURRENCIES for name in names.split()}


def _currency(text: str) -> str:
    """Return the currency of an amount of money by one sign for its sign, code and name."""
    name = " ".join(re.findall(r"[^\W\d]+|[^\w\s.,'-]", _PIECES.sub("", text, count=1).casefold()))
    return _SIGN_OF.get(name) or _SIGN_OF.get(name.removesuffix("s"), name)


def _day(text: str) -> str:
    """Return a date as year, month and day, "?" for what is not told; as written if unclear."""
    pieces = re.findall(r"[^\W\d_]+|\d+", text.casefold())
    months = [lexicon.MONTHS[piece] for piece in pieces if piece in lexicon.MONTHS]
    numbers = [int(piece) for piece in pieces if piece.isdigit()]
    if not months:
        return "-".join(str(number) for number in numbers) if numbers else text.casefold()
    year = next((number for number in numbers if number > 31), "?")
    day = next((number for number in numbers if number <= 31), "?")
    return f"{year}-{months[0]}-{day}"
