"""The check that what is held is what was written.

It reads a file that may be damaged anywhere, so it opens it itself and trusts nothing; a backup
is not one before it has passed.
"""
