"""The way back in: WARC, ARC and WACZ files of other programs, and pages that a person saved.

``containers`` opens what is named and refuses what is hostile, ``records`` reads WARC and ARC,
``exchanges`` makes a hop of a record, ``chains`` joins hops to visits, ``importing`` writes them at
the sources that they show, ``concluding`` reads and judges them, ``running`` keeps the run's row.
"""
