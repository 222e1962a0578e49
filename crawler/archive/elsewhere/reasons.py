"""Why a source is in the queue of rescue, and whose word it is that a web archive holds it.

What the queries of every command name of this room; ``rescuing`` and ``testimony`` have the rest,
and import what judges mementos.
"""

from __future__ import annotations

REASONS = {
    "never-held": "no good copy, and the last visit failed",
    "not-proved": "the copy that we hold shows neither the excerpt nor the headline of its entry",
    "cited-before": "it was cited before the first copy that we hold: an older one could tell",
    "asked-for": "a person asked for it",
    "imported": "nobody asked for it: a file that was imported has it",
}
# We hold what was cited, as far as the entry lets us tell. Another's copy could show that it read
# the same on the day of the citation: worth asking for, after all that is missing.
TO_COMPARE = "cited-before"
SUPPLIED = "imported"  # nobody asked for it: a file that was imported has it

# Whether what is said of a memento ``m`` is the word of an imported file: that brought its capture.
CLAIMED = """coalesce((SELECT u.command = 'import' FROM captures i JOIN fetches g ON g.id = i.fetch
    JOIN runs u ON u.id = g.run WHERE i.id = m.capture), 0)"""
