"""Seals over every row, manifests over all seals, what others stamped of them, and certificates."""
