"""Words by which pages that are no articles give themselves away, by language.

One module a family. The lists are our own, of November 2026: what the default pages of widespread
servers, publishing systems, consent platforms, protection services and parking services say in
each language, as a native reader meets them. A phrase alone decides nothing; the rules that use
the lists ask for further signs. Phrases are written as they stand on pages; ``phrases`` folds them
(case, accents, punctuation) as it folds the pages.
"""
