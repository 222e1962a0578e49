"""``python -m crawler`` is ``sourcekeep``."""

import sys

from crawler.cli import main

sys.exit(main())
