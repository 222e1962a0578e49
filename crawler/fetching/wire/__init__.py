"""The wire: what may be dialled, and how, and what is seen of each transfer.

``handler`` stands on ``egress``, which judges every address at the moment at which it is dialled;
``guard`` starts no run without a working one, and ``proxy`` is the only one that is used.
"""
