"""Scrapy's downloader side: what goes on the wire, and how what comes back is kept.

From the wire upward: ``handler`` on ``egress`` (what may be dialled, and when), ``capture`` (every
request becomes a hop), ``redirects``, ``robots``. ``visits`` collect hops, ``endings`` say what the
end of one means, ``session`` writes it all, ``extracting`` hands payloads to the workers.
"""
