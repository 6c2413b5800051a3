"""Hyperparameters: whatever people keep theirs in, as one flat map from dotted key to a JSON value."""

from __future__ import annotations

import dataclasses
import enum
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aidb.errors import InvalidInputError, StorageError

_MOST_DEPTH = 32


class Params(Mapping[str, Any]):
    """The hyperparameters of a run: `run.params.update(model={"depth": 3})`, `run.params["model.depth"]`."""

    def __init__(self, known: Mapping[str, Any], record: Callable[[dict[str, Any]], None]) -> None:
        """`record` is told what is new."""
        self._values = dict(known)
        self._record = record

    def update(self, values: Any = None, /, **more: Any) -> None:
        """Set hyperparameters: a mapping, dataclass, argparse.Namespace or OmegaConf; nested ones get dotted keys."""
        found = {**flat(values), **flat(more)}
        if found:
            self._record(found)
            self._values.update(found)

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)


def flat(values: Any) -> dict[str, Any]:
    """Dotted keys and JSON values; none out of None. Raises InvalidInputError for what has no keys."""
    mapping = {} if values is None else _as_mapping(values)
    if mapping is None:
        raise InvalidInputError(
            f"{type(values).__name__} holds no hyperparameters",
            hints=("Give a dict, a dataclass, an argparse.Namespace, an OmegaConf or the path of a file.",),
        )
    return dict(_flattened(mapping, "", 0))


def read_config(config: Any) -> dict[str, Any]:
    """Hyperparameters out of a JSON, TOML or YAML file, or of an object as `flat` takes it; none out of None."""
    return flat(_read_file(Path(config)) if isinstance(config, (str, os.PathLike)) else config)


def json_value(value: Any) -> Any:
    """The value as JSON can say it; what it cannot is said by its text."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, enum.Enum):
        return json_value(value.value)
    if isinstance(value, int):
        return int(value) if -(1 << 63) <= value < 1 << 63 else str(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [
            json_value(item)
            for item in (sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value)
        ]
    if isinstance(value, Mapping):
        return {str(key): json_value(item) for key, item in value.items()}
    if hasattr(value, "tolist") and hasattr(value, "dtype") and not isinstance(value, type):
        return json_value(value.tolist())
    return str(value)


def _as_mapping(values: Any) -> Mapping[Any, Any] | None:
    if isinstance(values, Mapping):
        return values
    if dataclasses.is_dataclass(values) and not isinstance(values, type):
        return {field.name: getattr(values, field.name) for field in dataclasses.fields(values)}
    if type(values).__name__ == "Namespace":
        return dict(vars(values))
    if type(values).__module__.startswith("omegaconf."):
        from omegaconf import OmegaConf

        return _as_mapping(OmegaConf.to_container(values, resolve=True, enum_to_str=True))
    return None


def _flattened(values: Mapping[Any, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > _MOST_DEPTH:
        raise InvalidInputError(f"hyperparameters are nested too deeply at {prefix}")
    for key, value in values.items():
        name = f"{prefix}{key}"
        inner = _as_mapping(value)
        if inner:
            yield from _flattened(inner, name + ".", depth + 1)
        else:
            yield name, json_value(value) if inner is None else {}


def _read_file(path: Path) -> Any:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise StorageError.from_os_error(error, "reading the configuration") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path} is not text in UTF-8") from error
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InvalidInputError(
            f"{path} is no configuration that can be read: use .json, .toml, .yaml or .yml"
        )
    try:
        return reader(text)
    except (ValueError, RecursionError) as error:
        problem = " ".join(str(error).split())
        raise InvalidInputError(f"{path} cannot be read: {problem}") from error


def _read_json(text: str) -> Any:
    import json

    return json.loads(text)


def _read_toml(text: str) -> Any:
    import tomllib

    return tomllib.loads(text)


def _read_yaml(text: str) -> Any:
    try:
        import yaml
    except ImportError as error:
        raise InvalidInputError("YAML needs PyYAML", hints=("pip install 'aidb[tracking]'",)) from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


_READERS: dict[str, Callable[[str], Any]] = {
    ".json": _read_json,
    ".toml": _read_toml,
    ".yaml": _read_yaml,
    ".yml": _read_yaml,
}
