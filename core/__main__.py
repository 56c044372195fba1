"""The command line: python -m core train | compare | methods | path | masks | bench | seeds | tables | record."""

import sys

from core.cli.main import main

sys.exit(main(sys.argv[1:]))
