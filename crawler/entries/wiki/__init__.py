"""Pages of wikis: the wikitext of an article or of a day, an export of many, a page as shown.

``scanning`` knows MediaWiki's brackets and nothing of citations; ``naming`` knows how wikis call
things; ``prose`` keeps what stood before a note; ``citing`` turns notes into links; ``article``,
``export`` and ``rendered`` are the readers.
"""
