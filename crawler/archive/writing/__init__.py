"""What a crawl writes: entries and what they cite, what is due, what came back, how it was
judged.

Each module owns its tables; evidence is only added to, the rest is derived and made again.
"""
