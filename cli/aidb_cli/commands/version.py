"""`aidb version`"""

from __future__ import annotations

from aidb_cli.context import Context
from aidb_cli.syntax import Command

_LIBRARIES = ("blake3", "msgspec", "numpy", "pyfastcdc", "pygit2", "zstandard")


def version(context: Context) -> None:
    """Print the versions of aidb and what it stands on, for a bug report."""
    import platform
    from importlib import metadata

    from aidb import __version__

    parts = {"aidb": __version__, "python": platform.python_version(), "system": platform.platform()}
    parts |= {name: metadata.version(name) for name in _LIBRARIES}
    if context.out.json_mode:
        context.out.emit(parts)
        return
    for name, value in parts.items():
        context.out.line(f"{name} {value}")


COMMAND = Command(
    version,
    examples=(
        ("aidb --version", "only aidb's version, fast"),
        ("aidb version --json", "everything, for a script"),
    ),
)
