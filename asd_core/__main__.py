"""``python -m asd_core``."""

import sys

from asd_core.cli import main

sys.exit(main())
