"""The program, as `alscli` and as `python -m alscli`."""

from __future__ import annotations


def main() -> int:
    """Run the program with the arguments of the process; interrupted while it still loads, end quietly."""
    try:
        from alscli.cli import main as run
    except KeyboardInterrupt:
        return 130
    return run()


if __name__ == "__main__":
    raise SystemExit(main())
