"""What pages say that ask for proof of a person, or refuse a program."""

from __future__ import annotations

from crawler.verdicts.vocabulary.phrases import Phrases

CHALLENGES = Phrases(
    {
        "en": (
            "just a moment", "attention required", "checking your browser",
            "checking if the site connection is secure", "access denied", "permission denied",
            "access to this page has been denied", "access to this site has been denied",
            "you have been blocked", "you've been blocked", "are you a robot",
            "are you a human", "are you human", "robot or human", "human verification",
            "verify you are human", "verify you are a human", "verify that you are human",
            "verifying you are human", "verifying your browser", "prove you are human",
            "i'm not a robot", "not a robot", "not a bot", "security check", "security checkpoint",
            "security verification", "browser verification", "bot verification",
            "ddos protection", "pardon our interruption", "request blocked", "403 forbidden",
            "forbidden", "one more step", "client challenge", "unusual traffic",
            "automated requests", "request unsuccessful", "incapsula incident id",
            "too many requests", "request has been blocked", "request was blocked",
            "web application firewall", "enable javascript and cookies to continue",
            "please enable cookies", "ray id", "in just a moment", "please stand by",
            "suspected bot", "captcha", "the request could not be satisfied",
        ),
        "de": (
            "einen moment bitte", "nur einen moment", "sicherheitsüberprüfung",
            "sicherheitsabfrage", "zugriff verweigert", "sind sie ein mensch",
            "bestätigen sie, dass sie ein mensch sind", "überprüfung ihres browsers",
            "ich bin kein roboter", "kein roboter", "zugriff gesperrt",
        ),
        "fr": (
            "un instant", "accès refusé", "accès interdit", "vérification de sécurité",
            "vérifiez que vous êtes humain", "vous avez été bloqué", "êtes-vous un robot",
            "je ne suis pas un robot", "vérification de votre navigateur",
        ),
        "es": (
            "un momento", "acceso denegado", "acceso prohibido", "verificación de seguridad",
            "verifica que eres un ser humano", "no soy un robot", "comprobando su navegador",
            "has sido bloqueado",
        ),
        "pt": (
            "um momento", "só um momento", "acesso negado", "acesso proibido",
            "verificação de segurança", "confirme que é humano", "não sou um robô",
            "você foi bloqueado", "verificando o seu navegador",
        ),
        "it": (
            "ci siamo quasi", "accesso negato", "accesso vietato", "verifica di sicurezza",
            "verifica che sei umano", "verifica di essere umano", "non sono un robot",
        ),
        "nl": (
            "een ogenblik", "even geduld", "toegang geweigerd", "beveiligingscontrole",
            "bevestig dat u een mens bent", "ik ben geen robot", "je bent bijna op de pagina",
        ),
        "pl": (
            "chwileczkę", "cierpliwości", "odmowa dostępu", "dostęp zabroniony",
            "brak dostępu", "potwierdź, że jesteś człowiekiem", "nie jestem robotem",
            "sprawdzanie przeglądarki",
        ),
        "ru": (
            "один момент", "подождите немного", "доступ запрещен", "доступ запрещён",
            "доступ ограничен", "доступ заблокирован", "проверка браузера",
            "проверка безопасности", "подтвердите, что вы не робот", "я не робот",
            "вы не робот", "вы человек",
        ),
        "uk": (
            "зачекайте", "доступ заборонено", "доступ обмежено", "перевірка браузера",
            "перевірка безпеки", "підтвердьте, що ви не робот", "я не робот",
        ),
        "zh": (
            "请稍候", "请稍等", "安全验证", "访问被拒绝", "拒绝访问", "人机验证", "验证您是真人",
            "正在验证", "滑动验证", "访问受限", "您的访问被阻断", "安全检查", "訪問被拒絕",
            "請稍候", "存取被拒", "驗證您是人類",
        ),
        "ja": (
            "しばらくお待ちください", "アクセスが拒否されました", "アクセスが制限されています",
            "人間であることを確認", "ロボットではありません", "セキュリティチェック",
            "アクセスが禁止されています",
        ),
        "ko": (
            "잠시만 기다리십시오", "잠시만 기다려", "접근이 거부되었습니다",
            "접근이 차단되었습니다", "로봇이 아닙니다", "사람인지 확인", "보안 확인",
            "비정상적인 접근",
        ),
        "ar": (
            "لحظة من فضلك", "تم رفض الوصول", "الوصول مرفوض", "تحقق من أنك إنسان",
            "أنا لست روبوت", "لست روبوتا", "التحقق من الأمان", "تم حظرك",
        ),
        "tr": (
            "bir dakika lütfen", "lütfen bekleyin", "erişim engellendi", "erişim reddedildi",
            "insan olduğunuzu doğrulayın", "ben robot değilim", "güvenlik doğrulaması",
        ),
        "sv": (
            "vänta ett ögonblick", "ett ögonblick", "åtkomst nekad", "säkerhetskontroll",
            "bekräfta att du är en människa", "jag är inte en robot",
        ),
    }
)  # fmt: skip
