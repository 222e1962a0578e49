"""Time stamps by others: what is asked, what is believed of an answer, and what it shows.

``rfc3161`` speaks with time-stamp authorities, ``proofs`` with OpenTimestamps; ``headers`` reads
what ends a proof in Bitcoin; ``checking`` holds what is kept against the manifests. Nothing here
dials anybody. All that a stamp ever shows is that the stamped bytes existed then.
"""
