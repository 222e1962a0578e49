"""Sourcekeep: keeps the sources you cite.

The rooms, from the ground up (imports go downward only; ``tests/test_architecture.py`` checks it).
L0: ``items`` holds the nouns, ``errors`` the tree of our errors.
L1 is knowledge without Scrapy or SQL: ``urls`` (identity of a resource), ``addresses`` (what may be
dialled), ``robotstxt``, ``codings``, ``dates``, ``digests``, ``entries`` (bytes of an entry page to
an Entry), ``extraction`` (payload to Article, in child processes), ``comparison``, ``verdicts``
(what one fetch showed) and ``schedule`` (when to look again).
L2 is ``archive``, the only room that knows archive.db.
L3: ``intake`` (pages through the readers into the ledger), the Scrapy shell ``fetching``,
``spiders`` and ``extensions``, and ``demo``, a small web on loopback.
L4 is what people touch: ``settings`` and ``cli``.
"""

__version__ = "0.1.0"
