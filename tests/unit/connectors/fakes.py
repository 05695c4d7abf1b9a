"""A helpdesk's API as a real server on this machine: strict about what it is asked, and able to fail."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

#: What an answer is made of: JSON, or a function from the request.
Answer = object | Callable[["Asked"], object]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A call as it arrived."""

    method: str
    path: str
    #: What the pattern of the path caught.
    parts: tuple[str, ...]
    query: dict[str, str]
    headers: Mapping[str, str]
    #: JSON or a form; None where there is nothing.
    body: Any


@dataclass(kw_only=True)
class _Route:
    method: str
    pattern: re.Pattern[str]
    answer: Answer
    status: int
    #: Fields of the body: those it must have, by kind, and those it may have beside them.
    needs: Mapping[str, type | tuple[type, ...]]
    may: Mapping[str, type | tuple[type, ...]]
    headers: Mapping[str, str]


@dataclass(kw_only=True)
class FakeApi:
    """The routes it has, and what it was asked."""

    #: Each call has to have them.
    headers: Mapping[str, str] = field(default_factory=dict)
    calls: list[Asked] = field(default_factory=list)
    #: What was asked and is not as the tool documents it: empty at the end of a test.
    wrong: list[str] = field(default_factory=list)
    url: str = ""
    _routes: list[_Route] = field(default_factory=list)
    _failures: list[tuple[int, dict[str, str], object]] = field(default_factory=list)

    def route(
        self,
        method: str,
        pattern: str,
        *,
        answer: Answer = None,
        status: int = 200,
        needs: Mapping[str, type | tuple[type, ...]] | None = None,
        may: Mapping[str, type | tuple[type, ...]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Serve what matches ``pattern``, a regular expression over the whole path; ``headers`` are its own."""
        self._routes.append(
            _Route(
                method=method,
                pattern=re.compile(pattern),
                answer=answer,
                status=status,
                needs=needs or {},
                may=may or {},
                headers=headers or {},
            )
        )

    def fail(self, status: int, headers: dict[str, str] | None = None, body: object = None) -> None:
        """Answer the next call, and no further one, with an error; 0: with nothing, the connection breaks off."""
        self._failures.append((status, headers or {}, body))

    def asked(self, method: str, path: str = "") -> list[Asked]:
        """Return the calls of a kind: those whose path ends like this."""
        return [one for one in self.calls if one.method == method and one.path.endswith(path)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body: Any = None
        if raw:
            body = json.loads(raw) if request.content_type == "application/json" else dict(await request.post())
        for route in self._routes:
            match = route.pattern.fullmatch(request.path)
            if match and route.method == request.method:
                break
        else:
            self.wrong.append(f"no such call: {request.method} {request.path}")
            return web.json_response({"error": "not found"}, status=404)
        asked = Asked(
            method=request.method,
            path=request.path,
            parts=match.groups(),
            query=dict(request.query),
            headers=request.headers,
            body=body,
        )
        self.calls.append(asked)
        self._check(route, asked)
        if self._failures:
            status, headers, answer = self._failures.pop(0)
            if status == 0:
                assert request.transport is not None
                request.transport.close()
            return web.json_response(answer, status=status or 200, headers=headers)
        answer = route.answer(asked) if callable(route.answer) else route.answer
        return web.json_response(answer, status=route.status)

    def _check(self, route: _Route, asked: Asked) -> None:
        name = f"{asked.method} {asked.path}"
        for header, value in {**self.headers, **route.headers}.items():
            if asked.headers.get(header) != value:
                self.wrong.append(f"{name}: header {header}")
        fields = asked.body if isinstance(asked.body, dict) else {}
        known = {**route.needs, **route.may}
        self.wrong += [f"{name}: field {missing} is missing" for missing in route.needs if missing not in fields]
        for key, value in fields.items():
            if key not in known:
                self.wrong.append(f"{name}: unknown field {key}")
            elif not isinstance(value, known[key]) or (isinstance(value, bool) and known[key] is int):
                self.wrong.append(f"{name}: field {key} is {type(value).__name__}")


@asynccontextmanager
async def serving(api: FakeApi) -> AsyncIterator[FakeApi]:
    """Run ``api`` until the block ends; nothing may have been asked of it that the tool does not document."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api._serve)
    async with TestServer(app) as server:
        api.url = str(server.make_url("")).rstrip("/")
        yield api
    assert api.wrong == []
