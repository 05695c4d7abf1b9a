"""Fill an empty desk, and write to ``facts.json`` what whoever drives it has to know."""

from __future__ import annotations

import json

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from helpdesk.models import Queue  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402


def staff(name: str) -> dict[str, str]:
    user = User.objects.create_user(name, f"{name}@desk.example", is_staff=True)
    return {"id": str(user.pk), "token": Token.objects.create(user=user).key}


mails = settings.FOLDER / "mails"
mails.mkdir()
support = Queue.objects.create(
    slug="support",
    title="Support",
    allow_public_submission=True,
    allow_email_submission=True,
    email_address="support@desk.example",
    email_box_type="local",
    email_box_local_dir=f"{mails}/",
    email_box_interval=0,
)
people = Queue.objects.create(slug="people", title="People")
facts = {"bot": staff("bot"), "agent": staff("ann"), "support": str(support.pk), "people": str(people.pk)}
(settings.FOLDER / "facts.json").write_text(json.dumps(facts), "utf-8")
