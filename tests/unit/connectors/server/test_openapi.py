"""The document of the API: it is valid, and it tells of every route."""

from __future__ import annotations

import json
from typing import Any

import schemathesis
from aiohttp import web

from connectors.server.openapi import document
from tests.unit.connectors.server.shop import Shop


def test_the_document_is_valid_openapi() -> None:
    schema = schemathesis.openapi.from_dict(document("1.2.3"))
    schema.validate()
    assert all(operation.ok() for operation in schema.get_all_operations())


async def test_it_is_served_without_a_key_and_has_the_version(shop: Shop) -> None:
    served = (await shop.call("GET", "/openapi.json", key=None)).json
    assert served == json.loads(json.dumps(document("1.2.3")))
    assert served["info"]["version"] == "1.2.3"


async def test_every_route_of_the_api_is_in_it_and_nothing_else(shop: Shop) -> None:
    def path(route: web.AbstractRoute) -> str:
        return route.resource.canonical if route.resource else ""

    served = {(path(one), one.method) for one in shop.app.router.routes() if path(one).startswith("/v1")}
    told = {
        (path, method.upper())
        for path, methods in document("1").get("paths", {}).items()
        for method in methods.keys() - {"parameters"}
    }
    assert told == {(path, method) for path, method in served if method != "HEAD"}


def test_every_reference_leads_somewhere_and_every_part_is_referred_to() -> None:
    told = document("1")

    def references(part: Any) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"]} if "$ref" in part else set()
            return own.union(*map(references, part.values()))
        return set().union(*map(references, part)) if isinstance(part, list) else set()

    assert references(told) == {f"#/components/schemas/{name}" for name in told["components"]["schemas"]}
