"""What leaves the archive, or may not: chosen by a person's words, complete, and without what is
withheld.

Whatever form an export has, it passes here, so that no form can forget a rule.
"""
