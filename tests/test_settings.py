"""The settings that are in force in a running crawl, not those that a file says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from crawler.cli.crawl import project_settings
from crawler.fetching.run.configuration import recorded_settings
from tests.crawling import environment

PROBE = """
import json, sys
from scrapy.crawler import AsyncCrawlerProcess
from scrapy import signals
from crawler.cli.crawl import project_settings
from crawler.spiders.sources import SourcesSpider

settings = project_settings({"SOURCEKEEP_ARCHIVE": sys.argv[1], "SOURCEKEEP_CONTACT": "https://example.org/bot", "SOURCEKEEP_CONTROL_URLS": "http://127.0.0.1:1/"})
process = AsyncCrawlerProcess(settings)
crawler = process.create_crawler(SourcesSpider)
found = {}

def listening():
    inodes = set()
    import os
    for fd in os.listdir("/proc/self/fd"):
        try:
            link = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            continue
        if link.startswith("socket:["):
            inodes.add(link[8:-1])
    lines = [l.split() for name in ("tcp", "tcp6") for l in open(f"/proc/self/net/{name}").readlines()[1:]]
    return [l[1] for l in lines if l[3] == "0A" and l[9] in inodes]

def opened(spider):
    handlers = crawler.engine.downloader.handlers
    found["listening"] = listening()
    found["schemes"] = sorted(s for s in ("http", "https", "file", "data", "ftp", "s3") if handlers._get_handler(s))
    found["handlers"] = [type(handlers._get_handler(s)).__name__ for s in ("http", "https")]
    found["middlewares"] = [(type(m).__name__ if not type(m).__module__.startswith("scrapy") or "edirect" not in type(m).__module__ else "scrapy " + type(m).__name__) for m in crawler.engine.downloader.middleware.middlewares]
    found["spider_middlewares"] = [type(m).__name__ for m in crawler.engine.scraper.spidermw.middlewares]
    found["extensions"] = [type(e).__name__ for e in crawler.extensions.middlewares]
    names = sys.argv[2].split(",")
    found["settings"] = {name: crawler.settings.get(name) for name in names}

crawler.signals.connect(opened, signals.spider_opened)
process.crawl(crawler)
process.start()
print(json.dumps(found, default=str))
"""  # noqa: E501

EXPECTED = {
    "ROBOTSTXT_OBEY": True,
    "COOKIES_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "HTTPPROXY_ENABLED": False,
    "METAREFRESH_ENABLED": False,
    "REFERER_ENABLED": False,
    "COMPRESSION_ENABLED": False,
    "DOWNLOAD_FAIL_ON_DATALOSS": False,
    "HTTPERROR_ALLOW_ALL": True,
    "SOURCEKEEP_BODY_CAP_BYTES": 32 * 2**20,
    "DOWNLOAD_TIMEOUT": 60,
    "DOWNLOAD_MAXSIZE": 2**30,
    "DOWNLOAD_VERIFY_CERTIFICATES": False,  # verified always, and told
    "DOWNLOAD_DELAY_JITTER": 0,
    "AUTOTHROTTLE_ENABLED": False,
    "REDIRECT_MAX_TIMES": 10,
    "RETRY_TIMES": 2,
    "RETRY_HTTP_CODES": [500, 502, 504, 522, 524, 408, 503],  # never 429
    "TWISTED_DNS_RESOLVER": "scrapy.resolver.CachingHostnameResolver",
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "DOWNLOAD_DELAY": 5.0,
    "ROBOTSTXT_USER_AGENT": "sourcekeep",
}


def test_a_running_crawl_is_polite_and_safe(tmp_path: Path) -> None:
    script = tmp_path / "probe.py"
    script.write_text(PROBE)
    root = str(Path(__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "a.db"), ",".join([*EXPECTED, "USER_AGENT"])],
        capture_output=True, text=True, env=environment(PYTHONPATH=root), timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["listening"] == []
    assert found["schemes"] == ["http", "https"]
    assert found["handlers"] == ["ArchiveDownloadHandler"] * 2
    assert "CaptureMiddleware" in found["middlewares"]
    assert {"RobotsMiddleware", "MetaRefreshMiddleware"} <= set(found["middlewares"])
    assert found["middlewares"][-1] == "CaptureMiddleware"
    unwanted = {
        "RobotsTxtMiddleware", "HttpProxyMiddleware", "CookiesMiddleware",
        "HttpCompressionMiddleware", "scrapy MetaRefreshMiddleware", "scrapy RedirectMiddleware",
        "OffsiteMiddleware", "HttpAuthMiddleware", "DownloaderStats",
    }  # fmt: skip
    assert not unwanted & set(found["middlewares"])
    assert {"CurfewMiddleware", "BarringMiddleware"} <= set(found["middlewares"])
    assert found["middlewares"].index("ControlMiddleware") < found["middlewares"].index(
        "RetryMiddleware"
    ), "of several attempts it sees the last"
    assert not {"TelnetConsole", "RemoteControl"} & set(found["extensions"])
    assert {"EgressGuard", "RunExtension"} <= set(found["extensions"])
    swallowing = {"HttpErrorMiddleware", "UrlLengthMiddleware", "DepthMiddleware"}
    assert not swallowing & set(found["spider_middlewares"])
    agent = found["settings"].pop("USER_AGENT")
    assert agent.startswith("sourcekeep/") and "https://example.org/bot" in agent
    assert found["settings"] == EXPECTED


def test_the_row_of_a_run_holds_its_settings_without_the_password_of_the_proxy() -> None:
    settings = project_settings(
        {"SOURCEKEEP_PROXY": "http://me:pass@proxy.example:8080", "DOWNLOAD_DELAY": 7}
    )
    recorded = recorded_settings(settings)
    assert recorded["SOURCEKEEP_PROXY"] == "http://REDACTED@proxy.example:8080"
    assert recorded["DOWNLOAD_DELAY"] == 7
