"""The page of what waits to be told, for administrators."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from audit.actors import Door, actor_of
from notifications.models import Letter, Message
from notifications.outbox import depth
from notifications.outbox.again import send_again
from notifications.pages.managers import managers_only, tried
from notifications.worker.leader import leader

_MOST = 100
"""Rows that were given up which the page shows."""


@require_GET
@managers_only
def queue(request: HttpRequest) -> HttpResponse:
    """Shows what waits, for how long, who works, and what was given up."""
    context = {
        "queues": depth.queues(),
        "leader": leader(),
        "messages_given_up": depth.messages_given_up()[:_MOST],
        "deliveries_given_up": depth.deliveries_given_up()[:_MOST],
        "letters_given_up": depth.letters_given_up()[:_MOST],
        "most": _MOST,
    }
    return render(request, "notifications/queue.html", context)


@require_POST
@managers_only
def again(request: HttpRequest, uid: str) -> HttpResponse:
    """Has a message or a mail sent that was given up."""
    row = Message.objects.filter(uid=uid).first() or get_object_or_404(Letter, uid=uid)
    actor = actor_of(request, Door.PAGE)
    tried(request, lambda: send_again(actor=actor, row=row), done="It is told again.")
    return redirect("notifications:queue")
