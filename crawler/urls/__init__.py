"""Identity of a cited resource: its spelling to fetch, its key, its host, and what archives wrap.

``identity`` parses and compares URLs (the only ``ada_url`` import), ``redaction`` makes one fit
to be shown, ``archives`` looks through the links of web archives to the resource behind them.
"""

from crawler.urls.archives import Unwrapped, unwrap_archive_url
from crawler.urls.identity import (
    fragment_of,
    host_key,
    host_of,
    parse_url,
    same_site,
    urlkey,
)
from crawler.urls.redaction import REDACTED, redact_header, redact_text, redact_url

__all__ = [
    "REDACTED",
    "Unwrapped",
    "fragment_of",
    "host_key",
    "host_of",
    "parse_url",
    "redact_header",
    "redact_text",
    "redact_url",
    "same_site",
    "unwrap_archive_url",
    "urlkey",
]
