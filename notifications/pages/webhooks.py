"""The pages of webhooks."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit.actors import Door, actor_of
from foundation.exceptions import InvalidInput
from notifications.models import Delivery, Webhook
from notifications.pages.forms import WebhookForm
from notifications.pages.managers import managers_only, tried
from notifications.webhooks import services
from notifications.webhooks.envelope import names_of

_PAGE = 25


@require_GET
@managers_only
def webhook_list(request: HttpRequest) -> HttpResponse:
    """Lists the webhooks, and how each stands."""
    rows = [(found, names_of(found.events)) for found in Webhook.objects.select_related("owner")]
    return render(request, "notifications/webhooks.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
@sensitive_variables("secret")
def webhook_new(request: HttpRequest) -> HttpResponse:
    """Makes a webhook and shows its secret once: it is in this response and nowhere else, so no redirect follows."""
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = services.create(actor=actor_of(request, Door.PAGE), **form.values())
        except InvalidInput as error:
            form.add_refusal(error)
        else:
            return _with_secret(request, made, secret)
    status = 400 if form.is_bound else 200
    return render(request, "notifications/webhook_new.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def webhook(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows a webhook with its deliveries, and changes it."""
    found = _webhook(pk)
    form = WebhookForm(request.POST) if request.method == "POST" else WebhookForm.of(found)
    if request.method == "POST" and form.is_valid():
        try:
            services.edit(actor=actor_of(request, Door.PAGE), webhook=found, **form.values())
        except InvalidInput as error:
            form.add_refusal(error)
        else:
            messages.success(request, "The webhook is changed.")
            return redirect("notifications:webhook", pk)
    page = Paginator(found.deliveries.all(), _PAGE).get_page(request.GET.get("page"))
    context = {"webhook": found, "form": form, "page": page, "events": names_of(found.events)}
    return render(request, "notifications/webhook.html", context, status=400 if form.is_bound else 200)


@require_POST
@managers_only
@sensitive_variables("secret")
def webhook_rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Makes a new secret and shows it once."""
    found = _webhook(pk)
    secret = services.rotate(actor=actor_of(request, Door.PAGE), webhook=found)
    return _with_secret(request, _webhook(pk), secret)


@require_POST
@managers_only
def webhook_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Switches a webhook on or off, whichever it is not."""
    found = _webhook(pk)
    is_active = request.POST.get("to") == "on"
    services.edit(actor=actor_of(request, Door.PAGE), webhook=found, is_active=is_active)
    messages.success(request, f"The webhook is switched {'on' if is_active else 'off'}.")
    return redirect("notifications:webhook", pk)


@require_POST
@managers_only
def webhook_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Has a ping sent."""
    found, actor = _webhook(pk), actor_of(request, Door.PAGE)
    tried(
        request,
        lambda: services.test(actor=actor, webhook=found),
        done="A ping is on its way: reload this page to see what came of it.",
    )
    return redirect("notifications:webhook", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def webhook_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks, then deletes a webhook."""
    found = _webhook(pk)
    if request.method != "POST":
        return render(request, "notifications/webhook_delete.html", {"webhook": found})
    services.delete(actor=actor_of(request, Door.PAGE), webhook=found)
    messages.success(request, "The webhook is deleted.")
    return redirect("notifications:webhooks")


@require_POST
@managers_only
def delivery_again(request: HttpRequest, pk: int, uid: str) -> HttpResponse:
    """Has a delivery sent again."""
    delivery = get_object_or_404(Delivery.objects.select_related("webhook"), webhook=_webhook(pk), uid=uid)
    actor = actor_of(request, Door.PAGE)
    tried(request, lambda: services.redeliver(actor=actor, delivery=delivery), done="It is sent again.")
    return redirect("notifications:webhook", pk)


def _webhook(pk: int) -> Webhook:
    # A number that no key can be is that of no webhook either.
    return get_object_or_404(Webhook.objects.select_related("owner"), pk=pk if pk < 2**63 else 0)


def _with_secret(request: HttpRequest, webhook: Webhook, secret: str) -> HttpResponse:
    return render(request, "notifications/webhook_secret.html", {"webhook": webhook, "secret": secret}, status=201)
