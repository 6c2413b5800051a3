"""What looks like a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

HIDDEN = "***"
_SECRET = re.compile(
    r"(?:^|[^a-z])(?:secret|token|password|passwd|pwd|credentials?|auth|api[-_.]?key|access[-_.]?key|private[-_.]?key)"
    r"(?:$|[^a-z])",
    re.IGNORECASE,
)
_IN_ADDRESS = re.compile(r"(\w+://[^\s/:@]*):[^\s/@]+@")


def looks_secret(name: str) -> bool:
    """Whether a name says that the value is nobody's business: `--api-key`, `HF_TOKEN`, `db.password`."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1_\2", name)
    return _SECRET.search(spaced.replace("_", "-")) is not None


def without_passwords(text: str) -> str:
    """The text with passwords in addresses hidden: `https://me:***@host`."""
    return _IN_ADDRESS.sub(rf"\1:{HIDDEN}@", text)


def harmless(arguments: Iterable[str]) -> Iterator[str]:
    """A command line whose secrets are hidden."""
    hide_next = False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        if hide_next and not argument.startswith("-"):
            yield HIDDEN
            hide_next = False
        elif equals and looks_secret(name):
            yield name + equals + HIDDEN
        else:
            hide_next = argument.startswith("-") and looks_secret(argument)
            yield without_passwords(argument)
