"""URLs and headers that may be shown: without the secrets that some carry."""

from __future__ import annotations

import re
from urllib.parse import unquote

REDACTED = "REDACTED"

# Words that tell wherever they stand (X-Amz-Security-Token, PHPSESSID), and words that tell only
# as the last one of a name (api_key, but not keyword; auth, but not author).
_SECRET_NAME = re.compile(
    r".*(?:token|secret|passw|passphrase|passcode|signature|session|sessid|credential|jwt|bearer"
    r"|hmac|apikey|accesskey|privatekey|authkey|saml).*"
    r"|(?:.*[^a-z0-9])?(?:key|sig|auth|authorization|pwd|pass|sid|sess|otp|cfid)\]?",
    re.IGNORECASE | re.DOTALL,
)
# Of the URL itself, and of URLs inside it as archives nest them, slashes folded or not.
_USERINFO = re.compile(r"(^\s*https?:[/\\]*|^\s*[/\\]{2}|:[/\\]{1,3})[^/\\?#]+@", re.IGNORECASE)
_PATH_PARAMETER = re.compile(r"(?<=;)[^;/?#]+")  # ;jsessionid=…
_NESTED_DEPTH = 3
_SECRET_HEADERS = frozenset({"cookie", "authorization", "proxy-authorization"})


_IN_TEXT = re.compile(r"\bhttps?:[/\\]+[^\s<>\"']+", re.IGNORECASE)


def redact_text(text: str) -> str:
    """Return a text for logs with each http and https URL in it redacted."""
    return _IN_TEXT.sub(lambda match: redact_url(match[0]), text)


def redact_header(name: str, value: str) -> str:
    """Return the value of a header without credentials: of a Set-Cookie the cookie's name shows."""
    if name.lower() == "set-cookie":
        cookie, equals, _ = value.partition(";")[0].partition("=")
        return f"{cookie}={REDACTED}" if equals else REDACTED
    return REDACTED if name.lower() in _SECRET_HEADERS else value


def redact_url(url: str) -> str:
    """Return a URL for logs and exports: userinfo and secret-looking values are ``REDACTED``.

    Takes any text and never raises; what is no secret comes back character by character. In doubt
    it hides (``sid=``, ``key=``), because logs and exports are passed on.
    """
    return _redact(url, _NESTED_DEPTH)


def _redact(text: str, depth: int) -> str:
    shown = _USERINFO.sub(rf"\1{REDACTED}@", text)
    start = re.search(r"[?#]", shown)
    cut = start.end() if start else len(shown)
    path = _PATH_PARAMETER.sub(lambda match: _redact_parameters(match[0], depth), shown[:cut])
    rest = re.split(r"([&#])", shown[cut:])
    return path + "".join(_redact_parameters(part, depth) for part in rest)


def _redact_parameters(text: str, depth: int) -> str:
    """Return what stands between two ampersands: one parameter, or several parted by semicolons."""
    parts = text.split(";")
    for at, part in enumerate(parts):
        name, _, value = part.partition("=")
        if value and _SECRET_NAME.fullmatch(unquote(name)):
            # What follows may be parameters, or the rest of the value.
            return ";".join([*parts[:at], f"{name}={REDACTED}"])
        if value and depth:
            parts[at] = f"{name}={_redact_nested(value, depth - 1)}"
    return ";".join(parts)


def _redact_nested(value: str, depth: int) -> str:
    """Return a value that may be a URL with secrets of its own, written plainly or escaped."""
    if "=" in value or "@" in value:
        value = _redact(value, depth)
    if "%" in value:
        plain = unquote(value)
        if _redact(plain, depth) != plain:
            return REDACTED
    return value
