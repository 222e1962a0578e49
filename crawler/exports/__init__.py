"""What is kept, in forms that other people's tools read. One module a format, one table of them.

A format is a function over a ``Selected`` (crawler.archive): it streams, holds one capture at a
time, and names files by uids and digests, never by anything that the web has chosen.
"""
