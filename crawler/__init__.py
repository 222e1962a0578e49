"""Sourcekeep: keeps the sources you cite.

The rooms, from the ground up (imports go downward only; ``tests/test_architecture.py`` checks it).
L0: ``items`` holds the nouns, ``errors`` the tree of our errors.
L1 is knowledge without Scrapy or SQL: ``urls`` (identity of a resource), ``addresses`` (what may be
dialled), ``robotstxt``, ``codings``, ``dates``, ``digests``, ``entries`` (bytes of an entry page to
an Entry), ``extraction`` (payload to Article, in child processes), ``comparison``, ``passages``
(the words that a citation rests on), ``verdicts`` (what one fetch showed), ``schedule`` (when to
look again), ``mementos`` (what web archives answer), ``stamping`` and ``timers``.
L2 is ``archive``, the only room that knows archive.db, and ``exports``, its way out.
L3 is what a run does: ``intake`` (pages through the readers into the ledger), the Scrapy shell
``fetching``, ``spiders`` and ``extensions``, ``conclusion`` (what follows of a visit), ``rescue``
(web archives), ``imports`` and ``reporting``; ``inspect`` is the archive in Datasette, and ``demo``
a small web on loopback.
L4 is what people touch: ``settings`` and ``cli``.
"""

__version__ = "0.1.0"
