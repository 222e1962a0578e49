"""Readers of entry pages: bytes of a page or file in, an Entry or a DayIndex out.

``reading`` picks the reader: ``markdown``, ``html_page``, ``json_twin`` and ``xml_twin`` (both by
way of ``records``) for pages with a section of sources, ``posts`` for those that cite in their
text, ``url_list``, ``days``, ``feeds``. A reader collects into a ``drafts.Draft``, which makes
the Entry; ``citations`` gives each link its role and URL. What a page lacks is a warning of the
entry (``WARNINGS`` explains the codes), not an error.

Nothing is imported here: every command opens an archive, which wants ``identity`` alone.
"""
