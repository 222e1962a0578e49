"""Pages of wikis: the wikitext of an article or of a day of Current Events.

``scanning`` knows MediaWiki's brackets and nothing of citations; ``parameters`` and ``naming`` know
how wikis call things; ``prose`` keeps what stood before a note; ``citing`` turns notes into links;
``article`` is the reader.
"""
