"""The program, as `alscli` and as `python -m alscli`."""

from __future__ import annotations

import gc
import os


def main() -> int:
    """Run the program with the arguments of the process; interrupted while it still loads, end quietly."""
    # Otherwise Pydantic asks every installed package whether it has something to add.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        from alscli.cli import main as run
    except KeyboardInterrupt:
        return 130
    status = run()
    gc.freeze()  # or Python looks for cycles in all that is left before it ends
    return status


if __name__ == "__main__":
    raise SystemExit(main())
