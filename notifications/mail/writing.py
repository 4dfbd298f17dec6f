"""Writes the mails themselves: one sentence as subject, what happened, what is missing, one button."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User
from foundation.addresses import absolute, portal_url
from foundation.words import counted
from notifications.figures import NOTHING, figures_of, tells_figures
from notifications.mail import unsubscribing
from notifications.models import Letter
from notifications.templatetags.mails import one_line

_LONGEST_SUBJECT = 200


def about_request(reader: User, letters: Sequence[Letter]) -> EmailMultiAlternatives:
    """Returns the mail of what happened to one request, oldest first, in the thread of that request."""
    last = letters[-1].message
    number = last.request_number or 0
    subject = last.payload["sentence"]
    if len(letters) > 1:
        subject = f"{subject.removesuffix('.')}, and {counted(len(letters) - 1, 'more thing')}."
    shown = [letter.message for letter in letters if tells_figures(letter.message.event)]
    figures = figures_of(shown[-1].payload.get("evidence_digest", "")) if shown else NOTHING
    values = {"letters": letters, "said": last.payload, "figures": figures}
    mail = _mail("request", reader, subject, values, link=unsubscribing.address(reader.pk, number))
    thread = f"<request-{number}@{_host()}>"
    mail.extra_headers |= {
        "Message-ID": f"<{letters[-1].uid}@{_host()}>",
        # All name one first mail, which nobody got: so they are a thread, whoever got which (RFC 5322, 3.6.4).
        "In-Reply-To": thread,
        "References": thread,
        "List-ID": f"request {number} <request-{number}.{_host()}>",
    }
    return mail


def digest(reader: User, letters: Sequence[Letter]) -> EmailMultiAlternatives:
    """Returns the one mail of a day."""
    requests = {letter.message.request_number for letter in letters}
    subject = f"{counted(len(letters), 'thing')} happened to {counted(len(requests), 'promote request')}."
    link = unsubscribing.address(reader.pk, unsubscribing.DAILY)
    mail = _mail("digest", reader, subject, {"letters": letters}, link=link)
    mail.extra_headers |= {
        "Message-ID": f"<{letters[-1].uid}@{_host()}>",
        "List-ID": f"mail of the day <daily.{_host()}>",
    }
    return mail


def _mail(template: str, reader: User, subject: str, values: dict[str, object], *, link: str) -> EmailMultiAlternatives:
    """Returns a mail.

    Args:
        template: Of which its text and its HTML are made.
        reader: To whom it goes.
        subject: In one sentence.
        values: What the template shows.
        link: By which the reader gets no more of these.
    """
    settings_url = absolute(reverse("notifications:preferences"))
    shared = {"subject": subject, "settings_url": settings_url, "unsubscribe": link}
    words = render_to_string(f"notifications/email/{template}.txt", values | shared)
    mail = EmailMultiAlternatives(_short(subject), words, to=[reader.email])
    mail.attach_alternative(render_to_string(f"notifications/email/{template}.html", values | shared), "text/html")
    mail.extra_headers = {
        "Auto-Submitted": "auto-generated",  # nobody's absence note answers it (RFC 3834)
        "List-Unsubscribe": f"<{link}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return mail


def _short(subject: str) -> str:
    """Returns what a header may hold: no line ends, which a name could have, and not too long."""
    return one_line(subject)[:_LONGEST_SUBJECT]


def _host() -> str:
    return urlsplit(portal_url()).hostname or "localhost"
