"""The way back in: WARC, ARC and WACZ files of other programs, and pages that a person saved.

``containers`` opens what is named and refuses what is hostile, ``streams`` and ``records`` read
WARC and ARC, ``lines`` JSON Lines. ``exchanges`` makes a hop of a record, with what ``ours`` finds
told in our own exports; ``chains`` joins hops to visits, ``importing`` finds the sources that they
show, ``keeping`` writes them. ``saved`` and ``attaching`` do so for what a person hands over.
``concluding`` reads and judges, ``running`` keeps the run's row.
"""
