"""`python -m alscli`."""

from alscli.cli import main

raise SystemExit(main())
