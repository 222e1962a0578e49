"""Comparing the articles of one source: when are two texts the same, and what differs?"""

from crawler.comparison.texts import count_words, normalise_text, text_digest

__all__ = ["count_words", "normalise_text", "text_digest"]
