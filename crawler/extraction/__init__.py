"""Payload to Article.

``pool`` is for the main process: it hands payloads to child processes and brings articles back.
``worker`` is what runs in them; only it and what it imports (``article``, ``page``, ``document``)
may load trafilatura, lxml and pypdf, which take 100 MB that the main process should not carry.
``mediatypes`` and ``extractors`` are light and meant for both. Nothing is imported here, so that
each process loads only its own part.
"""
