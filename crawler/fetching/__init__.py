"""Scrapy's downloader side: what goes on the wire, and how what comes back is kept.

From the wire upward: ``handler`` on ``egress`` (what may be dialled, and when), ``capture`` (every
request becomes a hop), ``redirects``, ``robots``; ``guard`` starts no run without a working
``egress``, and ``proxy`` is the only one that is used. ``visits`` collect hops, ``endings`` say
what the end of one means, ``session`` writes it all in groups (``grouping``), ``extracting`` hands
payloads to the workers.
"""
