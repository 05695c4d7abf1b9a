"""A real django-helpdesk: installed into an environment of its own, seeded, started, written to and read."""

from __future__ import annotations

import fcntl
import hashlib
import html
import json
import os
import re
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, ProxyHandler, Request, build_opener

from bot.settings import State

HERE = Path(__file__).resolve().parent
SITE = HERE / "site"
REQUIREMENTS = HERE / "requirements.txt"
CUSTOMER = "carla@customer.example"

#: Seconds until something has to have happened, and between two looks whether it has.
PATIENCE, PAUSE = 60.0, 0.1

T = TypeVar("T")


def eventually(look: Callable[[], T], *, patience: float = PATIENCE) -> T:
    """Return what ``look`` returns as soon as that is true; fail where it does not become so."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {look.__name__}, last {found!r}"
        time.sleep(PAUSE)
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def http(opener: OpenerDirector, url: str, data: bytes | None = None, **more: Any) -> tuple[int, str, str]:
    """Return the status, the text and the address in the end of what is at ``url``; status 0 where nobody listens."""
    try:
        with opener.open(Request(url, data, **more), timeout=30) as answer:
            return answer.status, answer.read().decode(), answer.url
    except HTTPError as error:
        return error.code, error.read().decode(errors="replace"), url
    except OSError:
        return 0, "", url


def browser() -> OpenerDirector:
    return build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))


def installed() -> tuple[Path, Path]:
    """Return the interpreter that has the desk, and a database without content: made once on a machine."""
    key = hashlib.sha256(b"".join(path.read_bytes() for path in (REQUIREMENTS, SITE / "settings.py"))).hexdigest()[:12]
    folder = State().cache / f"test-desk-{sys.version_info.major}.{sys.version_info.minor}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    python, made = folder / "venv" / "bin" / "python", folder / "made"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder / "venv"], check=True)
            pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "--requirement", REQUIREMENTS], check=True)
            (folder / "desk.sqlite3").unlink(missing_ok=True)
            subprocess.run([python, "-m", "django", "migrate", "--verbosity=0"], env=environment(folder), check=True)
            made.touch()
    return python, folder / "desk.sqlite3"


def environment(folder: Path, **more: str) -> dict[str, str]:
    foreign = ("KEFU_", "HELPDESK_", "DJANGO_", "PYTHON", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    ours = {"KEFU_DESK": str(folder), "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(SITE)}
    return {**kept, **ours, "PYTHONDONTWRITEBYTECODE": "1", **more}


@dataclass
class Helpdesk:
    """A desk in a folder of its own."""

    folder: Path
    python: Path
    port: int = field(default_factory=free_port)
    _env: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    @classmethod
    def make(cls, folder: Path) -> Helpdesk:
        """Seed a new one."""
        python, empty = installed()
        folder.mkdir()
        (folder / "desk.sqlite3").write_bytes(empty.read_bytes())
        subprocess.run([python, SITE / "seed.py"], env=environment(folder), check=True)
        return cls(folder, python)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def box(self) -> Path:
        return self.folder / "mails"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def facts(self) -> dict[str, Any]:
        return json.loads((self.folder / "facts.json").read_text("utf-8"))

    def start(self, new_ticket: str, followup: str) -> None:
        """Serve, with these hooks from now on."""
        self.stop()
        self._env = environment(
            self.folder, HELPDESK_NEW_TICKET_WEBHOOK_URLS=new_ticket, HELPDESK_FOLLOWUP_WEBHOOK_URLS=followup
        )
        words = ["-m", "django", "runserver", "--noreload", "--insecure", f"127.0.0.1:{self.port}"]
        with self.log.open("ab") as log:
            process = subprocess.Popen([self.python, *words], env=self._env, stdout=log, stderr=log)
        self._process = process

        def is_up() -> bool:
            assert process.poll() is None, self.log.read_text("utf-8")
            return http(browser(), f"{self.url}/tickets/submit/")[0] == 200

        eventually(is_up)

    def stop(self) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            process.terminate()
            process.wait(PATIENCE)

    # --- what a customer does

    def form(self, text: str, title: str = "A question") -> str:
        """Open a ticket by the web form, and return the address of its page; "" where the desk fails."""
        customer, address = browser(), f"{self.url}/tickets/submit/"
        page = http(customer, address)[1]
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token, page
        fields = {
            "csrfmiddlewaretoken": token[1],
            "queue": self.facts["support"],
            "title": title,
            "body": text,
            "priority": "3",
            "submitter_email": CUSTOMER,
        }
        status, _, there = http(customer, address, urlencode(fields).encode())
        return there if status == 200 else ""

    def mail(self, text: str, ticket: str = "", sender: str = CUSTOMER) -> bool:
        """Put a mail into the box of the desk and have it fetched; whether it is not left there."""
        mail = EmailMessage()
        mail["From"], mail["To"] = sender, "support@desk.example"
        mail["Subject"] = f"Re: [support-{ticket}] A question" if ticket else "A question"
        mail["Message-ID"], mail["Date"] = f"<{uuid.uuid4().hex}@customer.example>", formatdate()
        mail.set_content(text)
        (self.box / uuid.uuid4().hex).write_bytes(mail.as_bytes())
        return self.fetch_mails()

    def fetch_mails(self) -> bool:
        """Fetch what is in the box; whether nothing is left there."""
        with self.log.open("ab") as log:
            subprocess.run([self.python, "-m", "django", "get_email"], env=self._env, stdout=log, stderr=log)
        return not any(self.box.iterdir())

    def empty_box(self) -> None:
        """Delete the mails that are left in the box."""
        for mail in self.box.iterdir():
            mail.unlink()

    def page(self, address: str) -> str:
        """Return what the customer's page of a ticket shows, without the signs that nobody sees."""
        status, text, _ = http(browser(), address)
        assert status == 200, (status, address)
        return html.unescape(re.sub(r"<[^>]+>", "", text)).replace("\N{ZERO WIDTH SPACE}", "")

    # --- what people do

    def call(self, method: str, path: str, body: object = None, *, who: str = "agent") -> Any:
        """Call the REST interface as one of the staff."""
        headers = {"Authorization": f"Token {self.facts[who]['token']}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        status, text, _ = http(browser(), self.url + path, data, headers=headers, method=method)
        assert 200 <= status < 300, (status, method, path, text[:500])
        return json.loads(text) if text else None

    def newest(self) -> str:
        """Return the number of the ticket in which something came about last."""
        listed = self.call("GET", "/api/followups/?page=last&page_size=50")["results"]
        return str(max(listed, key=lambda entry: entry["id"])["ticket"])

    def ticket(self, number: str) -> dict[str, Any]:
        return self.call("GET", f"/api/tickets/{number}/")

    def says(self, number: str, text: str, *, public: bool = True) -> dict[str, Any]:
        return self.call("POST", "/api/followups/", {"ticket": int(number), "comment": text, "public": public})

    def by_bot(self, number: str, *, public: bool = True) -> list[str]:
        """Return what the bot wrote in a ticket, oldest first."""
        bot = int(self.facts["bot"]["id"])
        entries = sorted(self.ticket(number)["followup_set"], key=lambda entry: entry["id"])
        return [entry["comment"] for entry in entries if entry["user"] == bot and entry["public"] is public]
