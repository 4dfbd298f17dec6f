"""The page behind the link in a mail, by which its reader hears no more of a request."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.mail import unsubscribing
from notifications.people import subscriptions


@login_not_required
@csrf_exempt  # mail programs press it by themselves (RFC 8058); the token says for whom, and that is all that it can do
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest) -> HttpResponse:
    """Asks on GET, since mail programs open links by themselves; mutes the request on POST."""
    found = unsubscribing.read(request.GET.get("token", ""))
    if found is None:
        return render(request, "notifications/unsubscribe.html", {"is_unknown": True}, status=400)
    reader_id, number = found
    if request.method == "POST":
        subscriptions.set_muted(user_id=reader_id, number=number, is_muted=True)
    return render(request, "notifications/unsubscribe.html", {"number": number, "is_done": request.method == "POST"})
