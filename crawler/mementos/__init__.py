"""What others hold: web archives, what they answer, and which of their mementos to take.

Pure functions: an archive's answer in, a decision out. Who asks is the room ``rescue``.
"""
