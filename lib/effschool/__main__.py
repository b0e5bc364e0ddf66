"""`python -m effschool`: the commands behind make (`effschool.run.commands`)."""

import sys

from effschool.run.commands import main

if __name__ == "__main__":
    sys.exit(main())
