"""The archive in Datasette: how it is told what our tables mean, and pages of our own.

Needs the extra ``inspect``. Everything here reads; nothing writes to an archive.
"""
