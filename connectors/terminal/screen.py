"""The terminal with a person before it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stderr, suppress
from contextvars import copy_context
from io import TextIOBase, TextIOWrapper
from pathlib import Path
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session, run_in_terminal
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output, create_output
from prompt_toolkit.output.plain_text import PlainTextOutput
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.utils import is_dumb_terminal
from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from bot.errors import KefuError
from bot.ports import Released
from bot.types import Reply
from connectors.terminal.clean import clean
from connectors.terminal.render import commands, explained, growing, shown, welcome
from connectors.terminal.session import MESSAGE_LIMIT, Session, command, nearest
from connectors.terminal.words import COMMANDS, Words, unknown, words

#: The prompt is the same in every language.
_PROMPT = FormattedText([("bold", "you › ")])
#: Seconds; a spinner that comes and goes at once only flickers.
_PATIENCE = 0.3
#: How often in a second the spinner is drawn.
_FRAMES = 12.5


class _Leave(Exception):
    """The person wants to go."""


class _Interrupted(Exception):
    """Ctrl-C at the prompt."""


class Screen:
    """Reads a line, does what it says, until the person leaves."""

    def __init__(self, session: Session, *, entries: int, history: Path | None, stdin: TextIO, stdout: TextIO) -> None:
        """See `Terminal`."""
        if isinstance(stdout, TextIOWrapper):
            # An old locale without Chinese shows question marks then, instead of ending the conversation.
            stdout.reconfigure(errors="replace")
        self._session = session
        self._entries = entries
        self._history = history
        self._stdin = stdin
        self._stdout = stdout
        self._console = Console(file=stdout, highlight=False, markup=False, emoji=False)
        self._interrupted = asyncio.Event()

    async def run(self) -> int:
        """Welcome, talk, say goodbye; return the exit code."""
        self._console.print(welcome(self._entries, self._say))
        # Not handed to the prompt itself, which would take a dumb terminal for a clever one then.
        with create_app_session(create_input(self._stdin), self._output()):
            prompt = self._prompt()
            with _interrupts(self._interrupted), suppress(_Leave):
                while True:
                    await self._turn(await self._read(prompt))
        self._console.print(Text(self._say.goodbye, style="dim"))
        return 0

    @property
    def _say(self) -> Words:
        return words(self._session.language)

    def _prompt(self) -> PromptSession[str]:
        keys = KeyBindings()

        @keys.add("escape", "enter")
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text("\n")

        return PromptSession(_PROMPT, history=self._open_history(), key_bindings=keys, interrupt_exception=_Interrupted)

    def _output(self) -> Output:
        if is_dumb_terminal():
            return PlainTextOutput(self._stdout)  # the other one shows the cursor by an escape sequence
        output = create_output(self._stdout)
        if isinstance(output, Vt100_Output):
            # The cursor's position matters for menus only, and a terminal that cannot tell it provokes a warning.
            output.enable_cpr = False
        return output

    def _open_history(self) -> History:
        if self._history is None:
            return InMemoryHistory()
        try:
            self._history.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._history, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            os.close(file)
            # One from before may be open to others; what customers might say is nobody else's business.
            self._history.chmod(0o600)
        except OSError as problem:
            self._note(self._say.no_history.format(problem=problem))
            return InMemoryHistory()
        return FileHistory(self._history)

    async def _read(self, prompt: PromptSession[str]) -> str:
        while not self._interrupted.is_set():
            try:
                with _above_the_prompt():
                    return (await prompt.prompt_async()).strip()
            except EOFError:
                break
            except _Interrupted:
                if not prompt.default_buffer.text:
                    break
        raise _Leave

    async def _turn(self, line: str) -> None:
        try:
            order = command(line)
            if order is not None:
                await self._obey(*order)
            elif len(line) > MESSAGE_LIMIT:
                self._note(self._say.too_long.format(count=f"{len(line):,}", limit=f"{MESSAGE_LIMIT:,}"))
            elif line:
                await self._show(lambda released: self._session.ask(line, released))
        except KefuError as error:
            self._console.print(Text(clean(str(error)), style="red"))

    async def _obey(self, name: str, argument: str) -> None:
        if name == "quit":
            raise _Leave
        if name == "handoff":
            await self._show(lambda released: self._session.ask_for_person())
        elif name == "why":
            last = self._session.last
            self._console.print(explained(last, self._say) if last else Text(self._say.nothing_yet, style="dim"))
        elif name == "reset":
            await self._session.reset()
            self._note(self._say.reset)
        elif name == "lang":
            known = await self._session.set_language(argument)
            fixed = self._say.language_auto if argument.lower() == "auto" else self._say.language_fixed
            self._note(fixed if known else self._say.language_usage)
        elif name == "help":
            self._console.print(commands(self._say))
        else:
            self._note(unknown(name, nearest(name, COMMANDS), self._session.language))

    async def _show(self, ask: Callable[[Released], Awaitable[Reply]]) -> None:
        """Show the reply. Before it, in its place: a spinner when it takes long, then what is written of it so far."""
        spinner = Spinner("dots", Text(self._say.waiting, style="dim"))
        # What stands there goes without a trace, unless it is the reply: that is drawn over it, and stays.
        live = Live(spinner, console=self._console, refresh_per_second=_FRAMES, transient=True)
        begun = asyncio.Event()

        def released(text: str) -> None:
            live.update(growing(text), refresh=live.is_started)
            begun.set()

        asked = asyncio.ensure_future(ask(released))
        leaving = asyncio.ensure_future(self._interrupted.wait())
        writing = asyncio.ensure_future(begun.wait())
        first = asyncio.FIRST_COMPLETED
        try:
            await asyncio.wait({asked, leaving, writing}, timeout=_PATIENCE, return_when=first)
            if asked.done():
                self._console.print(_whole(asked.result()))
                return
            with live:
                await asyncio.wait({asked, leaving}, return_when=first)
                if not asked.done():
                    raise _Leave
                live.update(_whole(asked.result()))
                live.transient = False
        finally:
            for task in (asked, leaving, writing):
                task.cancel()

    def _note(self, text: str) -> None:
        self._console.print(Text(clean(text), style="dim"))


def _whole(reply: Reply) -> RenderableType:
    return shown(reply, words(reply.language))


class _AbovePrompt(TextIOBase):
    """The standard error while the prompt is open: what is written shows above it, and it is drawn once more below."""

    def __init__(self, stderr: TextIO) -> None:
        self._stderr = stderr
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()  # the prompt is found by it, from whatever thread something is written

    def write(self, text: str) -> int:
        """Write ``text``, which should be whole lines."""
        self._loop.call_soon_threadsafe(run_in_terminal, lambda: self._write(text), context=self._context)
        return len(text)

    def _write(self, text: str) -> None:
        self._stderr.write(text)
        self._stderr.flush()


def _above_the_prompt() -> AbstractContextManager[object]:
    """Keep the prompt whole; where the standard error is no terminal, a file say, nothing disturbs it."""
    return redirect_stderr(_AbovePrompt(sys.stderr)) if sys.stderr and sys.stderr.isatty() else nullcontext()


@contextmanager
def _interrupts(happened: asyncio.Event) -> Iterator[None]:
    """Set ``happened`` on Ctrl-C outside the prompt, where the terminal sends a signal instead of a key."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread only
        return
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(happened.set))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)
