"""Entry pages, from disk or the web, through the readers into the ledger.

``inputs`` is what a person names, and how it is remembered. ``files`` reads what lies on disk, the
spider ``entries`` what is on the web; both hand over to ``taking``, which writes it; the pages of a
wiki's export by way of ``exports``. ``copies`` finds what other pages say of the same entry.
"""
