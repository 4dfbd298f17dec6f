"""The buttons by which people follow and mute a request, and watch and mute a model."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from audit.actors import Door, actor_of
from foundation.addresses import own_path
from foundation.browsers.htmx import Answer, is_asking, sentence
from foundation.exceptions import InvalidInput
from notifications.people import subscriptions
from registry.workspaces import canonical_workspace

_LARGEST = 2**63 - 1
_SAID = {"follow": "You hear again of", "mute": "You hear no more of", "leave": "You are told as everybody is of"}


@require_POST
@never_cache
def follow(request: HttpRequest, number: int) -> HttpResponse:
    """Follows a request, mutes it, or takes both back."""
    actor, wish, number = actor_of(request, Door.PAGE), request.POST.get("to", ""), min(number, _LARGEST)
    if wish == "leave":
        subscriptions.leave_request(actor=actor, number=number)
    else:
        subscriptions.follow_request(actor=actor, number=number, is_muted=wish == "mute")
    return _answer(request, number=number, said=f"{_SAID.get(wish, _SAID['follow'])} #{number}.")


@require_POST
@never_cache
def watch(request: HttpRequest) -> HttpResponse:
    """Watches a model, mutes it, or takes both back."""
    actor, wish = actor_of(request, Door.PAGE), request.POST.get("to", "")
    name, workspace = request.POST.get("model_name", ""), request.POST.get("workspace", "")
    try:
        if wish == "leave":
            subscriptions.leave_model(actor=actor, workspace=workspace, model_name=name)
        else:
            subscriptions.watch_model(actor=actor, workspace=workspace, model_name=name, is_muted=wish == "mute")
    except InvalidInput as error:
        if is_asking(request):
            return sentence(error.message, status=error.status, answer=Answer.REFUSED)
        messages.error(request, error.message)
        return redirect(_back(request))
    return _answer(request, number=None, said=f"{_SAID.get(wish, 'You are told of everything about')} {name.strip()}.")


def _answer(request: HttpRequest, *, number: int | None, said: str) -> HttpResponse:
    """Shows a page's own part as it is now; where no script asks, the page itself."""
    if not is_asking(request):
        messages.success(request, said)
        return redirect(_back(request))
    name, workspace = (request.POST.get(field, "") for field in ("model_name", "workspace"))
    standing = subscriptions.standing_of(
        actor_of(request, Door.PAGE).user_id or 0,
        number=number,
        workspace=canonical_workspace(workspace),
        model_name=name,
    )
    context = {"standing": standing, "number": number, "model_name": name, "workspace": workspace}
    context["back"] = _back(request)
    return render(request, f"notifications/includes/_{'following' if number is not None else 'watching'}.html", context)


def _back(request: HttpRequest) -> str:
    """Returns the page from which the button was pressed; never one of another site."""
    return own_path(request.POST.get("back", "")) or reverse("notifications:preferences")
