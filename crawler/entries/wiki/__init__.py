"""Pages of wikis: the wikitext of an article or of a day of Current Events, and exports of many.

``scanning`` knows MediaWiki's brackets and nothing of citations; ``naming`` knows how wikis call
things; ``prose`` keeps what stood before a note; ``citing`` turns notes into links; ``article`` and
``export`` are the readers.
"""
