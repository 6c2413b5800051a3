"""`python -m aidb_cli` is `aidb`."""

from __future__ import annotations

from aidb_cli.main import main

main()
