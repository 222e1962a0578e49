"""Kept payloads in less room, after the crawl that had no time for it: which bases, in what order,
and the free pages given back.
"""
