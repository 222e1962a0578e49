"""A run: what it holds from the lock of the archive to its last commit, and what it may begin."""
