"""The OpenAPI document of the API, made of what the handlers read and answer."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from connectors.server.api import NewEvent, NewMessage, NewTurn

_TEXT = {"type": "string"}
_NAME = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^\x00-\x1f\x7f]+$"}
#: Of a stream; its data is JSON.
_EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["accepted", "preview", "reply", "silent", "pending", "error"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "data"],
}
_OWNER = {"type": "string", "enum": ["bot", "waiting", "human", "closed"]}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_SCHEMAS = {
    "Error": _object(error=_object(code=_TEXT, message=_TEXT)),
    "Owner": _object(owner=_OWNER),
    "Reply": _object(
        id=_TEXT,
        conversation=_TEXT,
        in_reply_to=_TEXT,
        text=_TEXT,
        action={"type": "string", "enum": ["answer", "clarify", "hand_off", "small_talk"]},
        confidence={"type": "number"},
        language=_TEXT,
        citations=_array(_object(id=_TEXT, question=_TEXT, source=_TEXT, url=_TEXT)),
        reason=_TEXT,
        candidates=_array(_object(id=_TEXT, score={"type": "number"}, source=_TEXT)),
        understanding={"type": "object"},
        timings_ms={"type": "object", "additionalProperties": {"type": "number"}},
    ),
    "Silent": _object(conversation=_TEXT, in_reply_to=_TEXT, owner=_OWNER),
    "Pending": _object(conversation=_TEXT, in_reply_to=_TEXT),
    "Conversation": _object(
        conversation=_TEXT,
        owner=_OWNER,
        since={"type": ["string", "null"], "format": "date-time"},
        language={"type": ["string", "null"]},
        turns=_array(
            _object(
                id=_TEXT,
                speaker={"type": "string", "enum": ["customer", "bot", "agent"]},
                text=_TEXT,
                at={"type": "string", "format": "date-time"},
                attachments=_array(_TEXT),
                action={"type": ["string", "null"]},
                citations=_array(_object(id=_TEXT, question=_TEXT, url=_TEXT)),
            )
        ),
    ),
}

#: What any call may be answered with beside what it asks for.
_ERRORS = {
    "400": "The body is not what was expected.",
    "401": "No key, or none that is known.",
    "404": "There is no such conversation.",
    "408": "The body did not come in time.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "429": "Too many messages or calls: send it again after Retry-After seconds. Nothing was kept.",
    "500": "The server failed.",
}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _call(summary: str, answers: dict[str, Any], body: type[BaseModel] | None = None) -> dict[str, Any]:
    errors = {code: {"description": text, "content": _json(_ref("Error"))} for code, text in _ERRORS.items()}
    call: dict[str, Any] = {"summary": summary, "responses": errors | answers}
    if body is not None:
        call["requestBody"] = {"required": True, "content": _json(_ref(body.__name__))}
    return call


def _answer(description: str, name: str) -> dict[str, Any]:
    return {"description": description, "content": _json(_ref(name))}


def document(version: str) -> dict[str, Any]:
    """Return the document (OpenAPI 3.1)."""
    bodies = {kind.__name__: kind.model_json_schema() for kind in (NewMessage, NewTurn, NewEvent)}
    place = {"name": "conversation", "in": "path", "required": True, "schema": _NAME}
    said = {
        "description": "The reply; or that the bot is silent, for a person has the case. As a stream (Accept: "
        "text/event-stream): the event accepted, then preview as often as more of the reply is written, then reply, "
        "silent, pending or error.",
        "content": {
            **_json({"anyOf": [_ref("Reply"), _ref("Silent")]}),
            "text/event-stream": {"schema": _EVENT},
        },
    }
    pending = _answer("There is no reply yet: send the message again, with its id, to get it.", "Pending")
    owner = {"200": _answer("Who has the case now.", "Owner")}
    return {
        "openapi": "3.1.0",
        "info": {"title": "kefu", "version": version, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "security": [{"key": []}],
        "paths": {
            "/v1/messages": {"post": _call("A message and its reply", {"200": said, "202": pending}, NewMessage)},
            "/v1/conversations/{conversation}": {
                "parameters": [place],
                "get": _call("A conversation", {"200": _answer("As it stands.", "Conversation")}),
                "delete": _call("Delete a conversation", {"204": {"description": "It is gone."}}),
            },
            "/v1/conversations/{conversation}/turns": {
                "parameters": [place],
                "post": _call("A person wrote to the customer", owner, NewTurn),
            },
            "/v1/conversations/{conversation}/events": {
                "parameters": [place],
                "post": _call("Something happened to the case", owner, NewEvent),
            },
        },
        "components": {
            "schemas": _SCHEMAS | bodies,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }
