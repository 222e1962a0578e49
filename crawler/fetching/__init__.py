"""Scrapy's downloader side: what goes on the wire, and how what comes back is kept.

From the wire upward: ``wire`` (what may be dialled, and what is seen of a transfer), then the
middlewares, one module each: ``capture`` makes a hop of every request (``contents`` tells what its
body is), ``redirects``, ``robots``, ``barring``, ``control``, ``curfew``. ``run.visits`` collect
hops, ``run.session`` writes them in groups, ``run.extracting`` hands payloads to the workers.
"""
