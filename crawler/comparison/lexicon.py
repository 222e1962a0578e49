"""Words that carry a statement, by language: negations, degrees of certainty, number words, months.

Function words and fixed terms of each language, collected by hand. A language that is not here is
compared by its digits, signs, quotation marks and capital letters alone, as English is besides.
"""

from __future__ import annotations

from functools import cache

from crawler.comparison.change import EditKind

_NEGATIONS = {
    "en": "not no never none nobody nothing nowhere neither nor without cannot hardly barely",
    "de": "nicht kein keine keinen keinem keiner keines nie niemals niemand nichts ohne weder kaum",
    "fr": "ne pas jamais aucun aucune rien personne sans ni non nul nulle",
    "es": "no nunca jamás ningún ninguno ninguna nada nadie sin ni tampoco",
    "it": "non mai nessun nessuno nessuna niente nulla senza né neppure neanche",
    "pt": "não nunca jamais nenhum nenhuma nada ninguém sem nem",
    "nl": "niet geen nooit niemand niets zonder noch",
    "sv": "inte ej aldrig ingen inget inga utan",
    "no": "ikke aldri ingen intet uten",
    "da": "ikke aldrig ingen intet uden",
    "pl": "nie nigdy nikt nic bez ani żaden żadna żadne",
    "cs": "ne není nikdy nikdo nic bez ani žádný žádná žádné",
    "tr": "değil hayır yok asla hiç hiçbir",
    "id": "tidak bukan belum tanpa jangan",
    "ru": "не нет ни никогда никто ничего без нельзя нет",
    "uk": "не немає ні ніколи ніхто нічого без",
    "ar": "لا لم لن ليس ليست غير دون بدون ما",
}
_CERTAINTY = {
    "en": "alleged allegedly allege alleges reported reportedly apparent apparently purported"
    " purportedly supposed supposedly suspected suspect suspects presumed presumably claimed claims"
    " claim confirmed confirms confirm unconfirmed verified unverified proven unproven denied"
    " denies"
    " deny disputed accused accuses rumoured rumored believed likely unlikely possible possibly"
    " probable probably perhaps maybe certain certainly definitely may might could would must"
    " will potentially seemingly",
    "de": "angeblich angebliche angeblichen mutmaßlich mutmaßliche mutmaßlichen mutmaßlicher"
    " offenbar vermutlich wohl möglicherweise vielleicht wahrscheinlich bestätigt bestätigte"
    " unbestätigt bestritten soll sollen sollte könnte könnten dürfte dürften vermeintlich"
    " vermeintliche verdächtig verdächtigt beschuldigt laut",
    "fr": "présumé présumée présumés présumées prétendu prétendue prétendument apparemment"
    " probablement peut-être possible confirmé confirmée démenti démentie aurait auraient serait"
    " seraient pourrait pourraient supposé supposée soupçonné soupçonnée accusé accusée selon",
    "es": "presunto presunta presuntos presuntas presuntamente supuesto supuesta supuestamente"
    " aparentemente probablemente posiblemente quizá quizás confirmado confirmada confirmó"
    " desmentido"
    " negó habría habrían sería serían podría podrían acusado acusada según",
    "it": "presunto presunta presunti presunte presumibilmente apparentemente probabilmente forse"
    " confermato confermata smentito smentita avrebbe avrebbero sarebbe sarebbero potrebbe"
    " potrebbero"
    " sospettato sospettata accusato accusata secondo",
    "pt": "suposto suposta supostamente alegado alegada alegadamente aparentemente provavelmente"
    " possivelmente talvez confirmado confirmada desmentido teria teriam seria seriam poderia"
    " poderiam"
    " suspeito suspeita acusado acusada segundo",
    "nl": "vermeend vermeende vermoedelijk blijkbaar mogelijk waarschijnlijk misschien bevestigd"
    " ontkend zou zouden verdacht volgens",
    "sv": "påstådd påstådda misstänkt misstänkta troligen möjligen kanske bekräftat bekräftad"
    " skulle",
    "pl": "rzekomo rzekomy rzekoma podobno prawdopodobnie możliwe być może potwierdzono podejrzany",
    "tr": "iddia sözde muhtemelen belki doğrulandı",
    "ru": "якобы предположительно вероятно возможно видимо подтвердил подтвердила подтвердили"
    " подтверждено опроверг опровергли подозреваемый подозревается мог могла могли может могут",
    "uk": "нібито ймовірно можливо підтвердив підтвердили підозрюваний",
    "ar": "يزعم يُزعم مزعوم مزعومة ربما يعتقد أكد أكدت نفى قد",
}
# Not in English: words that are mostly something else (Spanish "once", French "six" is both).
_NUMBERS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen",
    "de": "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn"
    " fünfzehn sechzehn siebzehn achtzehn neunzehn",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze"
    " seize",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince"
    " dieciséis diecisiete dieciocho diecinueve",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici"
    " quattordici quindici sedici diciassette diciotto diciannove",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze"
    " dezesseis dezessete dezoito dezenove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf",
    "sv": "noll en två tre fyra fem sex sju åtta nio tio elva tolv",
    "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć dziesięć jedenaście"
    " dwanaście",
    "ru": "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать",
    "tr": "sıfır bir iki üç dört beş altı yedi sekiz dokuz on",
}
# Articles as well; their coming and going says nothing of a number.
_ALSO_ARTICLES = {"ein", "un", "uno", "um", "een", "en", "bir"}
_TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "fr": "vingt trente quarante cinquante soixante",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    "ru": "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто",
}
_SCALES = {
    100: "hundred hundreds hundert cent cents cien ciento cento honderd сто",
    1000: "thousand thousands tausend tausende mille mil mila duizend tusen tysiąc tysiące tysięcy"
    " тысяча тысячи тысяч тыс bin",
    10**6: "million millions mn mio millionen millones millón milione milioni milhão milhões"
    " miljoen"
    " miljon miljoner milion miliony milionów миллион миллиона миллионов млн milyon",
    10**9: "billion billions bn milliarde milliarden mrd milliard milliards miliardo miliardi"
    " bilhão"
    " bilhões miljard miljarder miliard miliardy миллиард миллиарда миллиардов млрд milyar",
    10**12: "trillion trillions tn billionen billones trilhões триллион триллионов",
}
# Ordinals, fractions and multiples that state a quantity as well.
_QUANTITIES = {
    "en": "first second third fourth fifth sixth seventh eighth ninth tenth half halves quarter"
    " dozen"
    " dozens once twice thrice double triple both hundreds thousands",
    "de": "erste ersten zweite zweiten dritte dritten vierte fünfte halb hälfte dutzend doppelt"
    " beide",
    "fr": "premier première deuxième troisième moitié demi dizaine centaine double",
    "es": "primer primero primera segundo tercer tercero mitad medio docena doble ambos",
}

# January first, by month; forms of all languages, because no form means two months.
_MONTHS = (
    "january jan januar jänner janvier enero gennaio janeiro januari января январь stycznia"
    " ledna ocak",
    "february feb februar février febrero febbraio fevereiro februari февраля февраль lutego şubat",
    "march mar märz mars marzo março maart марта март marca mart",
    "april apr avril abril aprile апреля апрель kwietnia nisan",
    "may mai mayo maggio maio mei мая май maja mayıs",
    "june jun juni juin junio giugno junho июня июнь czerwca haziran",
    "july jul juli juillet julio luglio julho июля июль lipca temmuz",
    "august aug août agosto augustus августа август sierpnia ağustos",
    "september sep sept septembre septiembre settembre setembro сентября сентябрь września eylül",
    "october oct oktober octobre octubre ottobre outubro okt октября октябрь października ekim",
    "november nov novembre noviembre novembro ноября ноябрь listopada kasım",
    "december dec dezember dez décembre diciembre dicembre dezembro desember декабря декабрь"
    " grudnia"
    " aralık",
)
MONTHS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}

_WEEKDAYS = (
    "monday montag lundi lunes lunedì segunda-feira maandag måndag понедельник poniedziałek",
    "tuesday dienstag mardi martes martedì terça-feira dinsdag tisdag вторник wtorek",
    "wednesday mittwoch mercredi miércoles mercoledì quarta-feira woensdag onsdag среда среду"
    " środa",
    "thursday donnerstag jeudi jueves giovedì quinta-feira donderdag torsdag четверг czwartek",
    "friday freitag vendredi viernes venerdì sexta-feira vrijdag fredag пятница пятницу piątek",
    "saturday samstag samedi sábado sabato zaterdag lördag суббота субботу sobota",
    "sunday sonntag dimanche domingo domenica zondag söndag воскресенье niedziela",
)
WEEKDAYS = {name: number for number, names in enumerate(_WEEKDAYS, 1) for name in names.split()}

SCALES = {word: scale for scale, words in _SCALES.items() for word in words.split()}

# Written with a capital letter and yet no names, wherever in a sentence they stand.
_NO_NAMES = """
    i a an the this that these those it its he she they we you his her their our your my there here
    and or but so yet for nor if when while as at by in of on to from with after before since until
    during under over about into through between against what who why how where which whose also
    however meanwhile although though because still then now today yesterday tomorrow later earlier
    recently according both some many most more few several all each every any other another such
    mr mrs ms miss dr prof sir dame st jr sr hon rev lord lady
    der die das ein eine einer einem einen und oder aber doch wenn als wie was wer wo warum er sie
    es
    wir ihr ich man im in an am auf aus bei mit nach seit von vom zu zum zur für über unter vor auch
    herr frau
    le la les un une des du de et ou mais il elle ils elles nous vous je on ce cet cette ces dans en
    au aux par pour sur avec après avant selon m mme
    el la los las un una unos unas y o pero él ella ellos nosotros yo se su sus en por para con sin
    según tras desde sr sra
    lo gli i uno nel nella di da con su per tra fra ma e è os as um uma no na do em
    как что это он она они мы вы я в на по из за для но и а
"""
NO_NAMES = frozenset(_NO_NAMES.split())


@cache
def meanings(language: str | None) -> dict[str, tuple[EditKind, str]]:
    """Return what the words of a language, and of English, say: a kind of fact, and which.

    ``language`` is a BCP 47 tag; None: unknown. Of a number word that is its value in digits, of
    one of scale "x" and its factor.
    """
    codes = ("en", (language or "").partition("-")[0].lower())
    found: dict[str, tuple[EditKind, str]] = {}
    kinds: tuple[tuple[EditKind, dict[str, str]], ...] = (
        ("number", _QUANTITIES), ("certainty", _CERTAINTY), ("negation", _NEGATIONS),
    )  # fmt: skip
    for code in codes:
        for kind, table in kinds:
            found |= {word: (kind, word) for word in table.get(code, "").split()}
        for step, table in ((1, _NUMBERS), (10, _TENS)):
            words = enumerate(table.get(code, "").split(), 0 if step == 1 else 2)
            found |= {word: ("number", str(step * value)) for value, word in words}
    for word in _ALSO_ARTICLES:
        found.pop(word, None)
    found |= {word: ("number", f"x{scale}") for word, scale in SCALES.items()}
    found |= {word: ("date", f"weekday {day}") for word, day in WEEKDAYS.items()}
    found["cannot"] = ("negation", "not")
    return found
