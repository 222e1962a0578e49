"""The settings of every crawl. docs/settings.md describes ours; Scrapy's own keep their meaning.

Scrapy's defaults are those of a scraper. An archive must be polite, must not be led into its own
network, and must keep what goes wrong: each line below says which of the three it serves.
"""

from __future__ import annotations

from scrapy.settings import default_settings

from crawler import __version__

BOT_NAME = "sourcekeep"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"

# Ours

SOURCEKEEP_ARCHIVE = "archive.db"
SOURCEKEEP_CONTACT = None  # a URL or mail address for the user agent
SOURCEKEEP_NOW = None  # pretend that the run starts at this UTC instant
SOURCEKEEP_MAX_FETCHES = None  # visits that a run may make; None: no limit
SOURCEKEEP_MAX_FETCHES_PER_HOST = None  # of them to the sources of one host; None: no limit
SOURCEKEEP_MAX_SECONDS = None  # after that many seconds a run begins no visit; None: no limit
SOURCEKEEP_WAIT_MAX_S = 120.0  # how long a run waits for hosts that asked for rest
SOURCEKEEP_WORKERS = None  # extraction processes; None: one for each core, at most 4
SOURCEKEEP_BODY_CAP_BYTES = 32 * 2**20  # a longer body is kept up to here, and marked so
SOURCEKEEP_MIN_RATE = 100.0  # bytes per second; a body that comes more slowly is cut off
SOURCEKEEP_MIN_RATE_WINDOW_S = 20.0  # seconds over which that is judged
SOURCEKEEP_ALLOW: list[str] = []  # networks that may be dialled besides global addresses
SOURCEKEEP_ALLOW_PORTS: list[str] = []  # ports besides 80, 443 and 8000-8999
SOURCEKEEP_CONTROL_URLS: list[str] = []  # pages that tell whether we are offline ourselves
SOURCEKEEP_PROXY = None  # the only way to use a proxy
SOURCEKEEP_CA_FILE = None  # PEM file of the certificates to trust; None: the system's
SOURCEKEEP_REPORT_DIR = None  # folder for report.txt, report.json and feed.atom; None: no files
SOURCEKEEP_CRAWL_DELAY_CAP = 30.0  # seconds; a longer Crawl-delay is obeyed up to here
SOURCEKEEP_SCHEDULE = "adaptive"  # how visits are planned; or "news": the fixed ladder
SOURCEKEEP_LOG_FILE = None  # also log there, with rotation; None: to stderr only
SOURCEKEEP_LOG_MAX_BYTES = 1_000_000  # a longer log file is put aside
SOURCEKEEP_LOG_BACKUPS = 5  # that many older ones are kept
SOURCEKEEP_ROBOTS_PATIENCE_DAYS = None  # then an unreachable robots.txt counts as none; None: never
SOURCEKEEP_RESCUE = (
    False  # ask web archives in each crawl; what they are wanted for is queued anyway
)
SOURCEKEEP_RESCUE_ARCHIVES = ["web.archive.org"]  # in this order; docs/rescue.md has the others
SOURCEKEEP_RESCUE_MAX = 100  # sources that a run may ask for
SOURCEKEEP_RESCUE_FETCHES = 8  # mementos that may be fetched for one source
SOURCEKEEP_PUSH = (
    False  # go on with pushes in each crawl; SOURCEKEEP_PUSH_KEY, _SECRET: environment
)
SOURCEKEEP_PUSH_ARCHIVE = "web.archive.org"  # which web archive captures what is pushed
SOURCEKEEP_PUSH_MAX = 20  # sources that a run may push
SOURCEKEEP_PUSH_FRESH = "30d"  # a capture that is not older will do

# Politeness

USER_AGENT = f"sourcekeep/{__version__}"  # SOURCEKEEP_CONTACT is added to it
ROBOTSTXT_OBEY = True
ROBOTSTXT_USER_AGENT = "sourcekeep"
DOWNLOAD_DELAY = 5.0
DOWNLOAD_DELAY_JITTER = 0
CONCURRENT_REQUESTS = 16
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOADER = "crawler.fetching.wire.downloader.Downloader"  # else not so without a delay
WARN_ON_GENERATOR_RETURN_VALUE = False  # it looks at our callbacks for each answer
CONCURRENT_ITEMS = 1  # Scrapy makes that many tasks for each response; our callbacks yield little
AUTOTHROTTLE_ENABLED = False  # its delays die with the process; ours are in `hosts`
RETRY_TIMES = 2
RETRY_GIVE_UP_LOG_LEVEL = "INFO"  # a host that fails is a row and a line of the report
RETRY_HTTP_CODES = [500, 502, 504, 522, 524, 408, 503]  # not 429: asked to wait, we wait

# Safety

TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False  # on by default since 2.19: a local port that runs Python
DOWNLOAD_HANDLERS = {
    "http": "crawler.fetching.wire.handler.ArchiveDownloadHandler",
    "https": "crawler.fetching.wire.handler.ArchiveDownloadHandler",
    "file": None,
    "data": None,
    "ftp": None,
    "s3": None,
}
TWISTED_DNS_RESOLVER = "scrapy.resolver.CachingHostnameResolver"  # IPv6-only hosts, too
HTTPPROXY_ENABLED = False  # a proxy in the environment would hide the target from the guard
COOKIES_ENABLED = False
REFERER_ENABLED = False
DOWNLOAD_VERIFY_CERTIFICATES = False  # verified always; True: a certificate's fault is fatal
DOWNLOAD_TIMEOUT = 60
DOWNLOAD_MAXSIZE = 2**30  # the backstop; the capture layer stops at SOURCEKEEP_BODY_CAP_BYTES
DOWNLOAD_WARNSIZE = 0
REDIRECT_MAX_TIMES = 10

# Evidence

DOWNLOAD_FAIL_ON_DATALOSS = False  # a body that was cut off arrives, marked
HTTPERROR_ALLOW_ALL = True  # 404, 410 and 451 are observations
COMPRESSION_ENABLED = False  # bodies as received are digested; we undo codings under a cap
METAREFRESH_ENABLED = False  # Scrapy's own follows up to 100 s; ours up to 5
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/pdf;q=0.9,*/*;q=0.8",
    "Accept-Language": "en,*;q=0.5",
    "Accept-Encoding": "gzip, deflate, br, zstd",
}
DOWNLOADER_STATS = False  # counts what lies in `fetches`
STATS_CLASS = "crawler.fetching.run.counting.Stats"
DOWNLOADER_MIDDLEWARES = {
    # nothing to do for our spiders, and asked at each request and each answer
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.fetching.curfew.CurfewMiddleware": 50,
    "crawler.fetching.barring.BarringMiddleware": 60,
    "crawler.fetching.robots.RobotsMiddleware": 100,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "crawler.fetching.control.ControlMiddleware": 540,
    "crawler.fetching.redirects.MetaRefreshMiddleware": 580,
    "crawler.fetching.redirects.RedirectMiddleware": 600,
    "crawler.fetching.wire.proxy.UserProxyMiddleware": 750,
    "crawler.fetching.capture.CaptureMiddleware": 950,
}
SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,  # 404 is an observation
    # A URL that is too long would vanish silently; the reader refuses it with a reason.
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
}
EXTENSIONS = {
    "crawler.fetching.wire.guard.EgressGuard": 0,
    "crawler.extensions.RunExtension": 10,
}
# Off in any case; but Scrapy imports whatever stands here, None beside it or not, and aiohttp and
# requests come with two of them: 0.1 s of CPU at each start.
DOWNLOADER_MIDDLEWARES_BASE = {
    name: order
    for name, order in default_settings.DOWNLOADER_MIDDLEWARES_BASE.items()
    if not name.endswith(".CookiesMiddleware")
}
EXTENSIONS_BASE = {
    name: order
    for name, order in default_settings.EXTENSIONS_BASE.items()
    if not name.endswith((".RemoteControl", ".TelnetConsole"))
}

LOG_LEVEL = "INFO"
LOG_SHORT_NAMES = True
REQUEST_FINGERPRINTER_CLASS = "scrapy.utils.request.RequestFingerprinter"
FEED_EXPORT_ENCODING = "utf-8"
