"""What became of the words that a customer asked for: the features of benchmarks/ratings.py.

A reply or a call is disliked mostly where it leaves out what was asked for though it was offered, adds what nobody
asked for, or names an option, an attribute or an item that no answer of the API had. N-grams do not see that: it lies
between texts.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Turn = Mapping[str, Any]

#: Ids of orders, which are other ones in each conversation.
_ID = re.compile(r"\b[0-9a-f]{32}\b")
_WORD = re.compile(r"[a-z]+|\d+%?")
#: Spellings that are one word here.
_SAME = {"decaffeinated": "decaf", "non-fat": "nonfat", "non fat": "nonfat"}
#: Words that ask for nothing, and those that only name the fields of calls.
_SMALL = frozenset(
    "a an the is are do does can could i ll d s my of to for in on and or please pls me you get have want like with it "
    "that this be will just take would hi hello menu item id query quantity attributes attribute option options addons "
    "addon notes name".split()
)


def kind_of(turn: Turn) -> str:
    """Return the name of the API that a turn calls, "response", or for a text who said it."""
    if "api" in turn:
        return next(iter(turn["api"]), "none")
    return "response" if "response" in turn else str(turn["role"])


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the last key above each value of JSON, and the value as text without ids of orders."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, _ID.sub("", str(value))


def values(turn: Turn) -> str:
    """Return who speaks, and the text, or a call or response with its keys, as n-grams are made of it."""
    return f"{turn['role']} {turn.get('text') or _flat(turn.get('api') or turn.get('response') or '')}"


def plain(turn: Turn) -> str:
    """Return the text, or a call or response as an encoder reads it best."""
    if "text" in turn:
        return str(turn["text"])
    body = turn.get("api") or turn.get("response") or {}
    return "; ".join(
        f"{name.replace('_', ' ')}: {', '.join(value for _, value in leaves(inner))}" for name, inner in body.items()
    )


def written(row: Mapping[str, Any]) -> str:
    """Return conversation and reply as they are, without ids of orders and capitals."""
    return _ID.sub("", json.dumps([row["context"], row["generation"]], sort_keys=True)).lower()


def relations(row: Mapping[str, Any]) -> dict[str, float]:
    """Return counts and shares of what stands between a reply and its conversation, by name."""
    context, reply = row["context"], row["generation"]
    kind = kind_of(reply)
    found: dict[str, float] = defaultdict(float)
    steps = [kind_of(turn) for turn in context if turn["role"] == "agent"]
    _count(found, [f"is {kind}", f"after {kind_of(context[-1]) if context else ''}"])
    found[f"{' > '.join(steps[-2:])} > {kind}"] = 1
    found["turns"] = len(context)
    found["said before"] = any(_bare(turn) == _bare(reply) for turn in context if turn["role"] == "agent")
    _of_words(found, kind, context, reply)
    if "api" in reply:
        _of_call(found, context, reply["api"])
    return dict(found)


def _of_words(found: dict[str, float], kind: str, context: list[Turn], reply: Turn) -> None:
    """Count words that were asked for and given or left, offered and left, or given and never asked for."""
    places = [place for place, turn in enumerate(context) if kind_of(turn) == "user"]
    last = _words(context[places[-1]]) if places else set()
    ever = set().union(*(_words(context[place]) for place in places))
    responses = [_words(turn) for turn in context if "response" in turn]
    offered = responses[-1] if responses else set()
    heard = ever.union(*responses)
    done = set().union(*(_words(turn) for turn in context[places[-1] + 1 if places else 0 :] if "api" in turn))
    said = _words(reply)
    groups = {
        "asked and given": last & said,
        "asked and left": last - said,
        "asked and never looked for": last - said - done,
        "offered and left": (last & offered) - said,
        "offered and given": last & offered & said,
        "not asked for": said - ever,
        "out of nowhere": said - heard,
        "said": said,
    }
    for name, words in groups.items():
        _count(found, (f"{kind}: {name}: {word}" for word in words if name != "offered and given"))
        found[f"{kind}: {name}"] += len(words)
        found[name] += len(words)
    found[f"{kind}: share left"] = len(last - said) / max(len(last), 1)
    found[f"{kind}: share out of nowhere"] = len(said - heard) / max(len(said), 1)
    found[f"{kind}: after nothing found"] = any(
        "empty" in json.dumps(turn) for turn in [t for t in context if "response" in t][-1:]
    )


def _of_call(found: dict[str, float], context: list[Turn], call: Mapping[str, Any]) -> None:
    """Count what a call names that no response had, and notes that say what could have been chosen."""
    known: dict[str, set[str]] = {}
    for turn in context:
        for key, value in leaves(turn.get("response", {})):
            known.setdefault(key, set()).add(value)
    asked = set().union(*(_words(turn) for turn in context if kind_of(turn) == "user"))
    offered = set().union(*[_words(turn) for turn in context if "response" in turn][-1:])
    for key, value in leaves(call):
        found[f"has {key}"] = 1
        if key in ("option", "menu_item_id", "addon_id", "attribute_id"):
            among = known.get("options" if key == "option" else key, set())
            if value not in among:
                _count(found, [f"unknown {key}", f"unknown {key}: {value}"])
                found[f"unknown {key} but for capitals"] += value.lower() in {each.lower() for each in among}
        words = _told(value)
        if key == "menu_item_id":
            found["item asked for"] = len(words & asked) / max(len(words), 1)
        if key in ("notes", "query"):
            found[f"{key} not asked for"] = len(words - asked) / max(len(words), 1)
            _count(found, (f"{key} though offered: {word}" for word in words & offered))
            found[f"{key} though offered"] = len(words & offered)


def _count(found: dict[str, float], names: Iterable[str]) -> None:
    for name in names:
        found[name] += 1


def _words(turn: Turn) -> set[str]:
    """Return the words of a text, or of the values of a call or response, that may be asked for."""
    body = turn.get("api") or turn.get("response")
    return _told(" ".join(value for _, value in leaves(body)) if body else str(turn.get("text", "")))


def _told(text: str) -> set[str]:
    plain_text = _ID.sub("", text).lower()
    for one, other in _SAME.items():
        plain_text = plain_text.replace(one, other)
    return set(_WORD.findall(plain_text)) - _SMALL


def _bare(turn: Turn) -> str:
    return _ID.sub("", json.dumps(turn.get("api") or turn.get("text")))


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {_flat(inner)}" for key, inner in value.items())
    return " ".join(map(_flat, value)) if isinstance(value, list) else _ID.sub("", str(value))
