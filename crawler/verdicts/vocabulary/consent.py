"""What forms say that ask for consent to cookies: their headings, buttons and stock sentences."""

from __future__ import annotations

from crawler.verdicts.vocabulary.phrases import Phrases

CONSENT = Phrases(
    {
        "en": (
            "we value your privacy", "your privacy is important to us",
            "we care about your privacy", "your privacy matters", "before you continue",
            "accept all", "accept all cookies", "accept cookies", "allow all cookies", "reject all",
            "decline all",
            "manage preferences", "manage cookies", "manage options", "manage settings",
            "cookie settings", "cookie preferences", "privacy settings", "consent choices",
            "we and our partners", "and our partners use", "our partners store",
            "store and or access information on a device", "we use cookies",
            "uses cookies", "legitimate interest", "withdraw your consent",
            "personalised advertising", "personalized ads", "agree and continue", "i agree",
            "continue without accepting", "consent or pay", "cookies and data",
        ),
        "de": (
            "ihre privatsphäre ist uns wichtig", "wir schätzen ihre privatsphäre",
            "bevor sie fortfahren", "alle akzeptieren", "alle cookies akzeptieren",
            "alle ablehnen", "cookie einstellungen", "einstellungen verwalten",
            "datenschutz einstellungen", "wir und unsere partner", "unsere partner",
            "wir verwenden cookies", "wir nutzen cookies", "akzeptieren und weiter",
            "zustimmen und weiter", "mit werbung weiterlesen", "weiter mit werbung",
            "einwilligung widerrufen", "berechtigtes interesse", "cookies zustimmen",
            "pur abo", "informationen auf einem gerät speichern",
        ),
        "fr": (
            "le respect de votre vie privée", "votre vie privée est importante",
            "nous respectons votre vie privée", "avant de continuer", "tout accepter",
            "accepter et continuer", "tout refuser", "continuer sans accepter",
            "gérer mes choix", "paramétrer les cookies", "personnaliser mes choix",
            "nous et nos partenaires", "nos partenaires", "nous utilisons des cookies",
            "intérêt légitime", "stocker et ou accéder à des informations",
        ),
        "es": (
            "valoramos tu privacidad", "valoramos su privacidad", "tu privacidad es importante",
            "antes de continuar", "aceptar todo", "aceptar todas", "aceptar y continuar",
            "rechazar todo", "rechazar todas", "configurar cookies", "gestionar cookies",
            "nosotros y nuestros socios", "nuestros socios", "utilizamos cookies",
            "usamos cookies", "interés legítimo",
        ),
        "pt": (
            "valorizamos a sua privacidade", "valorizamos sua privacidade",
            "a sua privacidade é importante", "antes de continuar", "aceitar tudo",
            "aceitar todos", "aceitar e continuar", "rejeitar tudo", "rejeitar todos",
            "gerir opções", "configurar cookies", "nós e os nossos parceiros",
            "os nossos parceiros", "utilizamos cookies", "usamos cookies", "interesse legítimo",
        ),
        "it": (
            "il rispetto della tua privacy", "la tua privacy è importante",
            "prima di continuare", "accetta tutto", "accetta tutti", "accetta e continua",
            "rifiuta tutto", "rifiuta tutti", "continua senza accettare",
            "gestisci preferenze", "preferenze cookie", "noi e i nostri partner",
            "i nostri partner", "utilizziamo i cookie", "utilizziamo cookie",
            "interesse legittimo",
        ),
        "nl": (
            "wij waarderen uw privacy", "je privacy is belangrijk", "uw privacy is belangrijk",
            "voordat je verdergaat", "voordat u verdergaat", "alles accepteren",
            "alle cookies accepteren", "accepteer alle", "alles weigeren", "alles afwijzen",
            "cookie instellingen", "cookies instellen", "instellingen beheren",
            "wij en onze partners", "onze partners", "wij gebruiken cookies",
            "we gebruiken cookies", "gerechtvaardigd belang", "akkoord en doorgaan",
        ),
        "pl": (
            "cenimy twoją prywatność", "dbamy o twoją prywatność", "szanujemy twoją prywatność",
            "zanim przejdziesz dalej", "akceptuj wszystkie", "zaakceptuj wszystko",
            "akceptuję i przechodzę do serwisu", "przejdź do serwisu", "odrzuć wszystkie",
            "ustawienia prywatności", "ustawienia zaawansowane", "my i nasi partnerzy",
            "zaufani partnerzy", "nasi partnerzy", "używamy plików cookie",
            "uzasadniony interes",
        ),
        "ru": (
            "мы ценим вашу конфиденциальность", "прежде чем продолжить", "принять все",
            "отклонить все", "настройки файлов cookie", "настроить cookie",
            "мы и наши партнеры", "наши партнеры", "мы используем файлы cookie",
            "мы используем cookie", "использует файлы cookie", "законный интерес",
        ),
        "uk": (
            "ми цінуємо вашу конфіденційність", "перш ніж продовжити", "прийняти все",
            "прийняти всі", "відхилити все", "відхилити всі", "налаштування файлів cookie",
            "ми та наші партнери", "наші партнери", "ми використовуємо файли cookie",
            "законний інтерес",
        ),
        "zh": (
            "我们重视您的隐私", "您的隐私", "接受所有", "全部接受", "接受所有cookie", "拒绝所有",
            "全部拒绝", "管理偏好", "cookie设置", "我们和我们的合作伙伴", "我们使用cookie",
            "我們重視您的隱私", "全部接受", "全部拒絕", "我們使用cookie", "繼續前往",
        ),
        "ja": (
            "プライバシーを尊重", "お客様のプライバシー", "続行する前に", "すべて受け入れる",
            "すべて同意", "すべて許可", "すべて拒否", "cookieの設定", "クッキーを使用",
            "cookieを使用", "パートナー企業", "同意して続ける",
        ),
        "ko": (
            "개인정보를 소중히", "계속하기 전에", "모두 수락", "모두 동의", "모두 허용",
            "모두 거부", "쿠키 설정", "쿠키를 사용합니다", "파트너는",
        ),
        "ar": (
            "نحن نقدر خصوصيتك", "خصوصيتك تهمنا", "قبل المتابعة", "قبول الكل", "رفض الكل",
            "إعدادات ملفات تعريف الارتباط", "نحن وشركاؤنا", "نستخدم ملفات تعريف الارتباط",
        ),
        "tr": (
            "gizliliğinize önem veriyoruz", "devam etmeden önce", "tümünü kabul et",
            "tümünü reddet", "çerez ayarları", "çerez tercihleri", "biz ve ortaklarımız",
            "iş ortaklarımız", "çerezleri kullanıyoruz", "çerezler kullanıyoruz", "meşru menfaat",
        ),
        "sv": (
            "vi värnar om din integritet", "vi värdesätter din integritet",
            "innan du fortsätter", "acceptera alla", "godkänn alla", "avvisa alla", "neka alla",
            "hantera inställningar", "inställningar för cookies", "vi och våra partner",
            "våra partner", "vi använder cookies", "vi använder kakor", "berättigat intresse",
        ),
    }
)  # fmt: skip
