"""``python -m asd_core``."""

import sys

from asd_core.cli.app import main

sys.exit(main())
