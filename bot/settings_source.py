"""Where settings come from: defaults, a TOML file, the environment, the command line; and what is wrong with them."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, SecretStr, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

from bot.errors import SettingsError

S = TypeVar("S", bound=BaseSettings)

PREFIX = "KEFU_"
FILE = Path("kefu.toml")
#: Of a table of the file.
SECTION = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)
_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    SecretStr: "text",
    Path: "a path",
}


@dataclass(frozen=True)
class FolderOrName:
    """Marks a text setting that may name a folder: it is one if it looks like a path or such a folder is there."""


class Clash(ValueError):
    """Two settings do not go together: says what was expected of the one, and of the other where that was set."""

    def __init__(self, expected: str, *, other: str, instead: str) -> None:
        """``other`` is the dotted key of the other one, ``instead`` what was expected of it."""
        super().__init__(expected)
        self.other, self.instead = other, instead


@dataclass(frozen=True, kw_only=True)
class Given:
    """A value as somebody gave it."""

    value: object
    #: Who: "default", the file, "environment KEFU_...", "command line".
    origin: str
    #: The folder that relative paths in it are relative to.
    base: Path


def load(cls: type[S], path: Path | None, overrides: Mapping[str, object]) -> tuple[S, dict[str, str]]:
    """Return the settings and, for each dotted key, its origin. Raises `SettingsError` that names everything wrong."""
    fields = fields_of(cls)
    file = file_of(path)
    table, base = (_read(file), file.parent) if file else ({}, Path())
    layers = [
        _given(flatten(cls().model_dump(), fields), "default", base),
        _given(flatten(table, fields), str(file), base),
        _environment(cls, fields),
        _given({key: value for key, value in overrides.items() if value is not None}, "command line", Path()),
    ]
    merged: dict[str, Given] = {}
    problems: list[str] = []
    for layer in layers:
        for key, given in layer.items():
            if problem := _misplaced(key, given, fields):
                problems.append(problem)
            else:
                merged[key] = given
    try:
        settings = cls(**_nest({key: _place(given, _field(key, fields)) for key, given in merged.items()}))
    except ValidationError as error:
        problems += dict.fromkeys(_invalid(detail, merged, fields) for detail in error.errors(include_url=False))
        raise SettingsError("\n".join(problems)) from None
    if problems:
        raise SettingsError("\n".join(problems))
    return settings, {key: given.origin for key, given in merged.items()}


def file_of(path: Path | None) -> Path | None:
    """Return the settings file: ``path``, or else `FILE` where there is one."""
    return path or (FILE if FILE.exists() else None)


def fields_of(cls: type[BaseSettings]) -> dict[str, FieldInfo]:
    """Return every setting by its dotted key, in the order of the code."""
    return {
        f"{section}.{name}": field
        for section, holder in cls.model_fields.items()
        if isinstance(holder.annotation, type) and issubclass(holder.annotation, BaseModel)
        for name, field in holder.annotation.model_fields.items()
    }


def flatten(table: Mapping[str, Any], fields: Mapping[str, FieldInfo]) -> dict[str, Any]:
    """Return the values by dotted key; a setting that is itself a table has one key for each of its entries."""
    sections = _sections(fields)
    flat: dict[str, Any] = {}
    for section, content in table.items():
        if section not in sections or not isinstance(content, Mapping):
            flat[section] = content
            continue
        for name, value in content.items():
            key = f"{section}.{name}"
            if isinstance(value, Mapping) and key in fields and dict in kinds(fields[key]):
                flat |= {f"{key}.{inner}": item for inner, item in value.items()}
            else:
                flat[key] = value
    return flat


def kinds(field: FieldInfo) -> list[Any]:
    """Return the plain types a setting may have: ``Path | None`` is a path, ``tuple[Path, ...]`` a tuple."""
    union = get_origin(field.annotation) in (Union, UnionType)
    found = map(_bare, get_args(field.annotation) if union else (field.annotation,))
    return [get_origin(kind) or kind for kind in found if kind is not NoneType]


def toml(value: object) -> str:
    """Return ``value`` as TOML spells it; for what settings hold, that is how JSON does."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _given(values: Mapping[str, object], origin: str, base: Path) -> dict[str, Given]:
    return {key: Given(value=value, origin=origin, base=base) for key, value in values.items()}


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text("utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(f"{file}: there is no such file. Name another, or copy kefu.example.toml there.") from None
    except OSError as error:
        raise SettingsError(f"{file}: the file cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file}: the file is not UTF-8 text. Save it as UTF-8.") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        lines = text.split("\n")
        end = f"at line {len(lines)}, column {len(lines[-1]) + 1}"
        raise SettingsError(f"{file}: this is not TOML: {str(error).replace('at end of document', end)}.") from None


def _environment(cls: type[BaseSettings], fields: Mapping[str, FieldInfo]) -> dict[str, Given]:
    """Return what the environment sets. Names are read in any case; a variable without text counts as not set."""
    found: dict[str, Given] = {}
    for name, text in EnvSettingsSource(cls, case_sensitive=False, env_ignore_empty=True).env_vars.items():
        if name.startswith(PREFIX.lower()) and text is not None:
            key = name.removeprefix(PREFIX.lower()).replace("__", ".")
            value = _from_text(text, fields[key]) if key in fields else _from_table(text, key, fields)
            found[key] = Given(value=value, origin=f"environment {name.upper()}", base=Path())
    return found


def _from_text(text: str, field: FieldInfo) -> object:
    """Return what ``text`` means for ``field``, or ``text`` itself where it means nothing."""
    if tuple in kinds(field) and not text.startswith("["):
        return text.split(os.pathsep)
    try:
        annotation: Any = field.annotation
        adapter = TypeAdapter(annotation)
        return adapter.validate_json(text) if tuple in kinds(field) else adapter.validate_python(text)
    except ValidationError:
        return text


def _from_table(text: str, key: str, fields: Mapping[str, FieldInfo]) -> object:
    """Return what ``text`` means for the entry ``key`` of a setting that is a table."""
    table = ".".join(key.split(".")[:2])
    if table not in fields or not _holds_lists(fields[table]):
        return text
    if not text.startswith("["):
        return text.split(os.pathsep)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _holds_lists(field: FieldInfo) -> bool:
    """Whether a setting is a table of lists."""
    return dict in kinds(field) and any(get_origin(kind) is tuple for kind in get_args(field.annotation))


def _place(given: Given, field: FieldInfo) -> object:
    """Return the value with relative paths put where they belong."""
    value, base = given.value, given.base
    may_be_folder = any(isinstance(mark, FolderOrName) for mark in field.metadata) and value != field.default
    if may_be_folder and isinstance(value, str):
        folder = base / os.path.expanduser(value)
        if folder.is_dir():
            return str(folder)
        return str(folder.absolute()) if value.startswith((".", "~")) else value
    if Path in kinds(field) and isinstance(value, str | Path):
        return base / os.path.expanduser(value)
    if Path in get_args(field.annotation) and isinstance(value, list | tuple):
        return tuple(base / os.path.expanduser(item) if isinstance(item, str | Path) else item for item in value)
    return value


def _misplaced(key: str, given: Given, fields: Mapping[str, FieldInfo]) -> str | None:
    sections = _sections(fields)
    head = ".".join(key.split(".")[:2])
    table = head in fields and dict in kinds(fields[head])
    if key in sections or (table and key == head):
        held = "lists" if table and _holds_lists(fields[head]) else "texts"
        expected = f"a section [{key}]" if key in sections else f"a table of {held}"
        if table and given.origin.startswith("environment"):
            expected += f", each in a variable such as {_variable(key)}__NAME"
        hidden = any(_is_secret(field) for name, field in fields.items() if f"{name}.".startswith(f"{key}."))
        return f"{given.origin}: {key}: found {'***' if hidden else _shown(given.value)}; expected {expected}"
    if key in fields or table:
        return None
    what = "section" if isinstance(given.value, Mapping) and "." not in key else "key"
    names = sections if what == "section" else fields
    near = _nearest(key, names)
    if near and given.origin.startswith("environment"):
        near = _variable(near) + ("__NAME" if near in fields and dict in kinds(fields[near]) else "")
    if near:
        return f"{given.origin}: unknown {what} {key}; did you mean {near}?"
    inside = [name for name in fields if name.startswith(key.split(".")[0] + ".")]
    return f"{given.origin}: unknown {what} {key}; there is {', '.join(inside or sections)}"


def _variable(key: str) -> str:
    return PREFIX + key.replace(".", "__").upper()


def _nearest(key: str, names: Iterable[str]) -> str | None:
    """Return the name most like ``key``: as a whole, or else by its last part, for a key in the wrong section."""
    whole = {name: name for name in names}
    last = {name.rpartition(".")[2]: name for name in whole}
    for spelled, choices in ((key, whole), (key.rpartition(".")[2], last)):
        if close := get_close_matches(spelled, choices, n=1, cutoff=0.7):
            return choices[close[0]]
    return None


def _invalid(detail: Mapping[str, Any], merged: Mapping[str, Given], fields: Mapping[str, FieldInfo]) -> str:
    place = ".".join(map(str, detail["loc"]))
    # A list's item and a table's entry have longer places than the key they were given under, a whole table a shorter.
    key = next(key for key in merged if f"{place}.".startswith(f"{key}.") or key.startswith(f"{place}."))
    clash = detail.get("ctx", {}).get("error")
    if isinstance(clash, Clash) and merged[key].origin == "default":
        other = merged[clash.other]
        return f"{other.origin}: {clash.other}: found {_shown(other.value)}; expected {clash.instead}"
    field = _field(key, fields)
    found = "***" if _is_secret(field) else _shown(detail["input"])
    return f"{merged[key].origin}: {min(key, place, key=len)}: found {found}; expected {_expected(detail, field)}"


def _is_secret(field: FieldInfo) -> bool:
    """Whether a setting is a secret, or a table that holds some."""
    return SecretStr in (*kinds(field), *map(_bare, get_args(field.annotation)))


def _bare(kind: Any) -> Any:
    """Return a type without what is asked of its values."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _expected(detail: Mapping[str, Any], field: FieldInfo) -> str:
    if detail["type"] == "value_error":  # a validator of ours, which says just this
        return str(detail["ctx"]["error"])
    if tuple in kinds(field) or _holds_lists(field):
        text = "a list of paths" if Path in get_args(field.annotation) else "a list of texts"
    else:
        text = "text" if dict in kinds(field) else _KINDS.get(kinds(field)[0], detail["msg"])
    if text == "text" and isinstance(detail["input"], int | float):
        return "text, in quotation marks"
    limits = {name: getattr(mark, name) for mark in field.metadata for name in ("ge", "le") if hasattr(mark, name)}
    if len(limits) == 2:
        return f"{text} from {limits['ge']} to {limits['le']}"
    return text + "".join(f" of at {'least' if name == 'ge' else 'most'} {limit}" for name, limit in limits.items())


def _shown(value: object) -> str:
    text = toml(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _field(key: str, fields: Mapping[str, FieldInfo]) -> FieldInfo:
    return fields[".".join(key.split(".")[:2])]


def _sections(fields: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(key.split(".")[0] for key in fields))


def _nest(flat: Mapping[str, object]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        *parents, last = key.split(".", 2)
        table = nested
        for parent in parents:
            table = table.setdefault(parent, {})
        table[last] = value
    return nested
