"""Comparing the articles of one source: when are two texts the same, and what differs?

``texts`` says when two are the same, ``comparing`` what the change between two articles is
(``change`` has its classes), ``wording`` what differs word by word, which ``showing`` prints, and
``measures`` how alike two texts are. Nothing is imported here: every command opens an archive,
which wants ``texts`` alone, and few compare.
"""
