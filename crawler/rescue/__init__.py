"""Bringing home what web archives hold, and having them keep what they do not.

``asking`` puts questions at each archive's pace, ``searching`` finds mementos, ``conducting``
takes one source from its wish to its end. Who sends the requests is the spider ``rescue``.
"""

from crawler.rescue.asking import Archives, Ask
from crawler.rescue.attempts import Homecoming
from crawler.rescue.conducting import Conductor

__all__ = ["Archives", "Ask", "Conductor", "Homecoming"]
