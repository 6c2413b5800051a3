"""Who is at the keyboard, found without reading the environment.

In this order: the setting `user.name`/`user.email` of aidb, Git's own configuration, the login name at this host.
"""

from __future__ import annotations

import os
import platform
import pwd
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from aidb.versioning.commits import Person

if TYPE_CHECKING:
    from aidb.config import Config


def default_person(config: Config, git: Callable[[], Person]) -> Person:
    """The person of aidb's settings; what they leave open comes from `git()` (asked only if needed)."""
    name, email = str(config.get("user.name")), str(config.get("user.email"))
    if name and email:
        return Person(name, email)
    other = git()
    return Person(name or other.name, email or other.email)


def fallback_person() -> Person:
    """The login name at this host."""
    try:
        account = pwd.getpwuid(os.getuid())
        login, full = account.pw_name, account.pw_gecos.partition(",")[0].strip()
    except KeyError:
        login, full = f"user{os.getuid()}", ""
    login, full = _plain(login), _plain(full)
    return Person(full or login, f"{login}@{_plain(platform.node()) or 'localhost'}")


def _plain(text: str) -> str:
    return re.sub(r"[<>\s\0]+", " ", text).strip()
