"""Readers of what researchers and readers keep: bibliographies, bookmarks, tables of addresses.

Each such file is one entry without a date, called for its file; each of its items is a citation,
with the day on which it was looked up, where the item tells it. ``signs`` knows the files,
``listing`` makes the entry of the items that ``bibtex``, ``ris``, ``records`` (JSON), ``bookmarks``
and ``tables`` find.
"""
