"""The page behind the link in a mail, by which its reader hears no more of a request or gets no mail of the day."""

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
    """Asks on GET, since mail programs open links by themselves; does it on POST."""
    found = unsubscribing.read(request.GET.get("token", ""))
    if found is None:
        return render(request, "notifications/unsubscribe.html", {"is_unknown": True}, status=400)
    reader_id, number = found
    is_daily, is_done = number == unsubscribing.DAILY, request.method == "POST"
    if is_done and is_daily:
        subscriptions.end_digest(user_id=reader_id)
    elif is_done:
        subscriptions.set_muted(user_id=reader_id, number=number, is_muted=True)
    context = {"number": number, "is_daily": is_daily, "is_done": is_done}
    return render(request, "notifications/unsubscribe.html", context)
