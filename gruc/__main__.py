"""Models on the command line: gruc info|predict|export, or python -m gruc."""

import sys

try:
    from .command_line import main
except ImportError as error:  # such as a checkout that was not built
    sys.exit(f"gruc: {error}")

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
