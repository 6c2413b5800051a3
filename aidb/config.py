"""Settings: a few, typed, each with a default and one line of explanation.

They live in two TOML files: the repository's `.aidb/config.toml` and, for all repositories of a person, a file whose
place the shells know (the library does not look for anybody's home folder). The repository's value wins.

    >>> sorted(SETTINGS)[:2]
    ['init.branch', 'store.compression']
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from aidb.errors import InvalidInputError, InvalidNameError
from aidb.files import storage_errors, write_atomic

Level = Literal["repository", "user", "default"]
Value = str | int | bool


class Setting(NamedTuple):
    """What may be set, and what it means."""

    default: Value
    help: str
    choices: tuple[str, ...] = ()


SETTINGS: dict[str, Setting] = {
    "user.name": Setting(
        "", "Your name, recorded in commits. Without it: Git's user.name, then your login name."
    ),
    "user.email": Setting(
        "", "Your e-mail address, recorded in commits. Without it: Git's, then login@host."
    ),
    "init.branch": Setting("main", "The name of the first branch of a new repository."),
    "store.compression": Setting(
        "auto", "auto: zstd where a sample says it pays; none: store as is.", ("auto", "none")
    ),
    "store.delta": Setting(
        "auto",
        "auto: tensors of a checkpoint as differences to the one before, where that is smaller; none: never.",
        ("auto", "none"),
    ),
    "undo.max_file_mib": Setting(
        4096,
        "Where --force throws changes away, files up to this size are stored first, for `aidb undo`; 0: any size.",
    ),
    "workspace.lockfile": Setting(True, "Write aidb.lock when the workspace lies inside a Git repository."),
}


class ConfigItem(NamedTuple):
    """One setting as it stands: its name, its value and where the value came from."""

    name: str
    value: Value
    origin: Level


class Config:
    """The settings of one repository. Files are read when the first value is asked for."""

    def __init__(
        self, repository_file: Path | None, user_file: Path | None = None, *, scratch: Path | None = None
    ) -> None:
        """`scratch` is where temporary files go while a setting is written; the file's own folder by default."""
        self._files: dict[Level, Path | None] = {"repository": repository_file, "user": user_file}
        self._parsed: dict[Level, dict[str, Any]] = {}
        self._loaded: dict[Level, dict[str, Value]] = {}
        self._scratch = scratch

    def get(self, name: str) -> Value:
        """The value of a setting. Raises InvalidNameError for one that does not exist."""
        return self.item(name).value

    def item(self, name: str) -> ConfigItem:
        """The value and where it came from."""
        setting = _setting(name)
        levels: tuple[Level, ...] = ("repository", "user")
        for level in levels:
            values = self._values(level)
            if name in values:
                return ConfigItem(name, values[name], level)
        return ConfigItem(name, setting.default, "default")

    def __iter__(self) -> Iterator[ConfigItem]:
        return (self.item(name) for name in sorted(SETTINGS))

    def set(self, name: str, value: str | Value, *, level: Level = "repository") -> None:
        """Set and save. A text is read as the setting's type (`true`/`false` for switches)."""
        setting = _setting(name)
        section, key = name.split(".", 1)
        self._edit(level, section, key, _typed(name, setting, value))

    def unset(self, name: str, *, level: Level = "repository") -> None:
        """Go back to the default (or to the person's value)."""
        _setting(name)
        section, key = name.split(".", 1)
        self._edit(level, section, key, None)

    def tables(self, section: str) -> dict[str, dict[str, Any]]:
        """The tables `[section.NAME]` of the repository's file, by name: what is set for each of several things."""
        found = self._document("repository").get(section, {})
        if not isinstance(found, dict) or not all(isinstance(table, dict) for table in found.values()):
            raise InvalidInputError(
                f"{section} in {self._files['repository']} is not a table of tables",
                hints=(f"Write [{section}.NAME] with the settings of NAME below it.",),
            )
        return found

    def set_table(self, section: str, name: str, table: dict[str, Any] | None) -> None:
        """Save `[section.NAME]` in the repository's file; None removes it."""
        self._edit("repository", section, name, table)

    def _document(self, level: Level) -> dict[str, Any]:
        if level not in self._parsed:
            self._parsed[level] = _read(self._files[level])
        return self._parsed[level]

    def _values(self, level: Level) -> dict[str, Value]:
        if level not in self._loaded:
            self._loaded[level] = _known(self._document(level))
        return self._loaded[level]

    def _edit(self, level: Level, section: str, key: str, value: Value | dict[str, Any] | None) -> None:
        import tomlkit
        from tomlkit.exceptions import TOMLKitError

        path = self._files[level]
        if path is None:
            raise InvalidInputError(f"there is no {level} configuration file to write {section}.{key} to")
        if not isinstance(_read(path).get(section, {}), dict):
            raise _unreadable(path, f"{section} is not a table")
        try:
            document = tomlkit.parse(path.read_text("utf-8") if path.exists() else "")
            if value is None:
                document.get(section, {}).pop(key, None)
            else:
                document.setdefault(section, tomlkit.table())[key] = value
        except (TOMLKitError, RecursionError) as error:
            raise _unreadable(path, error) from error
        with storage_errors(f"writing {path.name}"):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, tomlkit.dumps(document).encode("utf-8"), scratch=self._scratch or path.parent)
        self._parsed.pop(level, None)
        self._loaded.pop(level, None)


def _setting(name: str) -> Setting:
    if name in SETTINGS:
        return SETTINGS[name]
    import difflib

    close = difflib.get_close_matches(name, SETTINGS, n=1)
    hint = f"Did you mean {close[0]}?" if close else "`aidb config` lists every setting."
    raise InvalidNameError(f"there is no setting {name!r}", hints=(hint,))


def _typed(name: str, setting: Setting, value: Any) -> Value:
    kind = type(setting.default)
    if kind is bool and isinstance(value, str):
        if value.lower() not in ("true", "false"):
            raise InvalidInputError(f"{name} is true or false, not {value!r}")
        value = value.lower() == "true"
    elif kind is int and isinstance(value, str):
        if not value.lstrip("-").isdigit():
            raise InvalidInputError(f"{name} is a whole number, not {value!r}")
        value = int(value)
    if type(value) is not kind:
        raise InvalidInputError(f"{name} must be a {kind.__name__}, not {value!r}")
    if setting.choices and value not in setting.choices:
        raise InvalidInputError(f"{name} is one of {', '.join(setting.choices)}, not {value!r}")
    result: Value = value
    return result


def _read(path: Path | None) -> dict[str, Any]:
    """A file as TOML reads it; empty if there is none."""
    if path is None:
        return {}
    import tomllib

    with storage_errors(f"reading {path.name}"):
        try:
            return tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _unreadable(path, error) from error


def _unreadable(path: Path, why: object) -> InvalidInputError:
    return InvalidInputError(
        f"the configuration file {path} cannot be read: {' '.join(str(why).split())}",
        hints=("Correct the file in an editor, or remove it to go back to the defaults.",),
    )


def _known(tables: dict[str, Any]) -> dict[str, Value]:
    """The known settings, flat; unknown ones are left alone, for a newer aidb may know them."""
    flat = {
        f"{section}.{key}": value
        for section, table in tables.items()
        if isinstance(table, dict)
        for key, value in table.items()
    }
    return {name: _typed(name, SETTINGS[name], value) for name, value in flat.items() if name in SETTINGS}
