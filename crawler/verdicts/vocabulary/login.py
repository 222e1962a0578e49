"""What pages say that want a name and a password, or a subscription."""

from __future__ import annotations

from crawler.verdicts.vocabulary.phrases import Phrases

LOGIN = Phrases(
    {
        "en": ("log in", "login", "sign in", "sign on", "sign up", "single sign on",
               "member login", "authentication required", "create an account", "log into",
               "join now", "register now"),
        "de": ("anmelden", "anmeldung", "einloggen", "registrieren"),
        "fr": ("connexion", "se connecter", "connectez-vous", "identification", "s'identifier"),
        "es": ("iniciar sesión", "inicia sesión", "acceder", "identifícate", "ingresar"),
        "pt": ("iniciar sessão", "entrar", "fazer login", "faça login", "acesse sua conta"),
        "it": ("accedi", "accesso", "login", "effettua il login"),
        "nl": ("inloggen", "aanmelden", "log in"),
        "pl": ("zaloguj", "zaloguj się", "logowanie"),
        "ru": ("войти", "вход", "вход в систему", "авторизация", "авторизуйтесь"),
        "uk": ("увійти", "вхід", "авторизація", "авторизуйтесь"),
        "zh": ("登录", "登入", "请登录", "請登入", "用户登录", "会员登录"),
        "ja": ("ログイン", "サインイン", "会員登録"),
        "ko": ("로그인", "회원가입"),
        "ar": ("تسجيل الدخول", "سجل الدخول"),
        "tr": ("giriş yap", "oturum aç", "üye girişi", "giriş yapın"),
        "sv": ("logga in", "inloggning"),
    }
)  # fmt: skip
LOGIN_ASKED = Phrases(
    {
        "en": (
            "log in to continue", "login to continue", "sign in to continue",
            "sign in to view", "log in to view", "sign in to see", "log in to see",
            "please log in", "please login", "please sign in", "you must be logged in",
            "you must log in", "you need to log in", "join now to see", "join to view",
            "sign in or join", "join or sign in", "log in or sign up", "sign up to view",
            "sign in or create an account", "new to linkedin", "create an account to",
            "agree join", "sign up to continue", "register to continue",
        ),
        "de": ("melden sie sich an", "bitte melden sie sich an", "bitte anmelden",
               "bitte einloggen", "melde dich an um", "anmelden um"),
        "fr": ("veuillez vous connecter", "connectez-vous pour", "vous devez être connecté",
               "identifiez-vous pour"),
        "es": ("inicia sesión para", "inicie sesión para", "debes iniciar sesión",
               "debe iniciar sesión"),
        "pt": ("inicie sessão para", "faça login para", "entre para continuar"),
        "it": ("accedi per", "effettua l'accesso per", "devi effettuare l'accesso"),
        "nl": ("log in om", "je moet ingelogd zijn", "u moet ingelogd zijn"),
        "pl": ("zaloguj się, aby", "musisz być zalogowany"),
        "ru": ("войдите, чтобы", "необходимо войти", "авторизуйтесь, чтобы",
               "войдите или зарегистрируйтесь"),
        "uk": ("увійдіть, щоб", "необхідно увійти", "авторизуйтесь, щоб"),
        "zh": ("请登录后", "登录后查看", "请先登录", "請先登入", "登入後"),
        "ja": ("ログインしてください", "ログインが必要", "ログインして続き"),
        "ko": ("로그인이 필요", "로그인 후 이용", "로그인해 주세요"),
        "ar": ("يرجى تسجيل الدخول", "سجل الدخول للمتابعة", "يجب تسجيل الدخول"),
        "tr": ("giriş yapmalısınız", "devam etmek için giriş", "lütfen giriş yapın"),
        "sv": ("logga in för att", "du måste logga in", "vänligen logga in"),
    }
)  # fmt: skip
SUBSCRIBE = Phrases(
    {
        "en": (
            "subscribe to continue reading", "subscribe to read", "to continue reading",
            "continue reading with a subscription", "already a subscriber",
            "this article is for subscribers", "for subscribers only", "subscribers only",
            "subscriber only", "subscribe now to", "unlock this article", "to unlock",
            "you have reached your limit", "reached your article limit", "free articles left",
            "start your free trial", "become a subscriber", "members only",
            "exclusive to subscribers", "read the full article", "read the full story",
        ),
        "de": (
            "jetzt weiterlesen", "weiterlesen mit", "um weiterzulesen", "jetzt abonnieren",
            "nur für abonnenten", "exklusiv für abonnenten", "bereits abonnent", "im abo",
            "artikel freischalten", "mit einem abo", "schon abonnent",
        ),
        "fr": (
            "réservé aux abonnés", "réservée aux abonnés", "abonnez-vous pour",
            "pour lire la suite", "déjà abonné", "il vous reste", "article réservé",
            "lire la suite de cet article",
        ),
        "es": (
            "suscríbete para", "para seguir leyendo", "solo para suscriptores",
            "contenido exclusivo para suscriptores", "ya eres suscriptor", "hazte suscriptor",
            "ya soy suscriptor",
        ),
        "pt": (
            "assine para", "para continuar lendo", "para continuar a ler",
            "exclusivo para assinantes", "já é assinante", "conteúdo exclusivo",
        ),
        "it": (
            "riservato agli abbonati", "abbonati per", "per continuare a leggere",
            "sei già abbonato", "contenuto riservato",
        ),
        "nl": (
            "alleen voor abonnees", "voor abonnees", "lees verder met", "word abonnee",
            "al abonnee", "om verder te lezen",
        ),
        "pl": (
            "tylko dla prenumeratorów", "dla prenumeratorów", "dla subskrybentów",
            "aby czytać dalej", "kup subskrypcję", "masz już subskrypcję",
        ),
        "ru": (
            "только для подписчиков", "доступно подписчикам", "оформите подписку",
            "чтобы читать дальше", "чтобы продолжить чтение",
        ),
        "uk": (
            "лише для передплатників", "тільки для підписників", "оформіть передплату",
            "щоб читати далі", "щоб продовжити читання",
        ),
        "zh": ("订阅后阅读", "订阅以继续", "会员专享", "付费阅读", "訂閱後", "會員專屬",
               "成为会员"),
        "ja": ("有料会員", "会員限定", "続きを読むには", "残り文字数",
               "購読者限定", "この記事は会員限定"),
        "ko": ("구독자 전용", "유료 회원", "구독하고 계속", "회원 전용"),
        "ar": ("للمشتركين فقط", "اشترك لمتابعة القراءة", "اشترك الآن"),
        "tr": ("abonelere özel", "sadece aboneler", "okumaya devam etmek için", "abone olun"),
        "sv": (
            "endast för prenumeranter", "bara för prenumeranter", "för att läsa vidare",
            "läs vidare med", "bli prenumerant", "redan prenumerant",
        ),
    }
)  # fmt: skip
