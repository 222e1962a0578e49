"""The stage after reading: judge a visit, compare, conclude, and plan the next one.

It works on what the archive holds, so it runs inside a crawl, after an interruption, and again by
command, with the same result. ``stage`` judges, ``hosts`` sees what fails as a whole, ``keeping``
writes what is held, and ``planning`` says when to look again.
"""

from crawler.conclusion.planning import may_ask_conditionally, policy_of
from crawler.conclusion.stage import Asked, Conclusion

__all__ = ["Asked", "Conclusion", "may_ask_conditionally", "policy_of"]
