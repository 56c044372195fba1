"""The command line: python -m core train | methods | path | masks | record."""

import sys

from core.cli.main import main

sys.exit(main(sys.argv[1:]))
