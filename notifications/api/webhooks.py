"""Webhooks in the API, for those who may manage them."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from audit.actors import Door, actor_of
from foundation.api import schema
from foundation.api.inputs import NothingSerializer
from foundation.api.views import ApiView, checked
from notifications.api.serializers import (
    DeliverySerializer,
    NewWebhookSerializer,
    WebhookChangesSerializer,
    WebhookSerializer,
    WebhookWithSecretSerializer,
)
from notifications.models import Delivery, Webhook
from notifications.permissions import require_manager
from notifications.webhooks import services


class ManagersView(ApiView):
    """A view for those who may manage webhooks; everybody else gets 403, whatever the method."""

    @override
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        require_manager(actor_of(request, Door.API))


class WebhooksView(ManagersView, ListAPIView):
    """All webhooks."""

    queryset = Webhook.objects.select_related("owner")
    serializer_class = WebhookSerializer

    @schema.operation("List webhooks", responses={200: WebhookSerializer(many=True)})
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists every webhook, without secrets."""
        return self.list(request, *args, **kwargs)

    @schema.operation(
        "Make a webhook",
        request=NewWebhookSerializer,
        responses={201: WebhookWithSecretSerializer},
        errors=(400,),
    )
    def post(self, request: Request) -> Response:
        """Makes a webhook. Its `secret` is in this answer and nowhere else."""
        values = checked(NewWebhookSerializer, request.data)
        webhook, secret = services.create(actor=actor_of(request, Door.API), **values)
        return Response(WebhookWithSecretSerializer(webhook, context={"secret": secret}).data, status=201)


class WebhookView(ManagersView):
    """One webhook."""

    @schema.operation("Read a webhook", responses={200: WebhookSerializer}, errors=(404,))
    def get(self, request: Request, pk: int) -> Response:
        """Shows a webhook, without its secret."""
        return Response(WebhookSerializer(_webhook(pk)).data)

    @schema.operation(
        "Change a webhook",
        request=WebhookChangesSerializer,
        responses={200: WebhookSerializer},
        errors=(400, 404),
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Changes what is given; `is_active` switches it on and off."""
        webhook = _webhook(pk)
        values = checked(WebhookChangesSerializer, request.data)
        changed = services.edit(actor=actor_of(request, Door.API), webhook=webhook, **values)
        return Response(WebhookSerializer(changed).data)

    @schema.operation("Delete a webhook", responses={204: None}, errors=(404,))
    def delete(self, request: Request, pk: int) -> Response:
        """Deletes a webhook and its list of deliveries."""
        services.delete(actor=actor_of(request, Door.API), webhook=_webhook(pk))
        return Response(status=204)


class RotateView(ManagersView):
    """A new secret."""

    @schema.operation(
        "Make a new secret",
        operation_id="webhooks_rotate",
        request=NothingSerializer,
        responses={201: WebhookWithSecretSerializer},
        errors=(400, 404),
    )
    def post(self, request: Request, pk: int) -> Response:
        """Makes a new `secret`, told only here. The former one signs too for a day (`former_until`)."""
        webhook = _webhook(pk)
        checked(NothingSerializer, request.data)
        secret = services.rotate(actor=actor_of(request, Door.API), webhook=webhook)
        return Response(WebhookWithSecretSerializer(_webhook(pk), context={"secret": secret}).data, status=201)


class TestView(ManagersView):
    """A ping."""

    @schema.operation(
        "Send a ping",
        operation_id="webhooks_test",
        request=NothingSerializer,
        responses={202: DeliverySerializer},
        errors=(400, 404, 409),
    )
    def post(self, request: Request, pk: int) -> Response:
        """Has the worker send a `webhook.ping`; read the delivery again to see what came of it."""
        webhook = _webhook(pk)
        checked(NothingSerializer, request.data)
        delivery = services.test(actor=actor_of(request, Door.API), webhook=webhook)
        return Response(DeliverySerializer(delivery).data, status=202)


class DeliveriesView(ManagersView, ListAPIView):
    """What was sent to a webhook, and what is to be sent."""

    queryset = Delivery.objects.all()
    serializer_class = DeliverySerializer

    @override
    def get_queryset(self) -> QuerySet:
        return Delivery.objects.filter(webhook=_webhook(self.kwargs["pk"]))

    @schema.operation("List deliveries", responses={200: DeliverySerializer(many=True)}, errors=(404,))
    @override
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists deliveries, the newest first: what was sent, what was answered, when, and how it stands."""
        return self.list(request, *args, **kwargs)


class DeliveryView(ManagersView):
    """One delivery."""

    @schema.operation("Read a delivery", responses={200: DeliverySerializer}, errors=(404,))
    def get(self, request: Request, pk: int, uid: str) -> Response:
        """Shows a delivery; its id is that of `X-Checkpoint-Delivery-Id` and `webhook-id`."""
        return Response(DeliverySerializer(_delivery(pk, uid)).data)


class RedeliverView(ManagersView):
    """Sending once more."""

    @schema.operation(
        "Send again",
        operation_id="webhooks_redeliver",
        request=NothingSerializer,
        responses={202: DeliverySerializer},
        errors=(400, 404, 409),
    )
    def post(self, request: Request, pk: int, uid: str) -> Response:
        """Has the worker send a delivery again, under the same id and with the same body."""
        delivery = _delivery(pk, uid)
        checked(NothingSerializer, request.data)
        again = services.redeliver(actor=actor_of(request, Door.API), delivery=delivery)
        return Response(DeliverySerializer(again).data, status=202)


def _webhook(pk: int) -> Webhook:
    # An integer that no database key can be is that of no webhook either.
    found = Webhook.objects.select_related("owner").filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise NotFound(f"There is no webhook {pk}.")
    return found


def _delivery(pk: int, uid: str) -> Delivery:
    found = Delivery.objects.select_related("webhook").filter(webhook=_webhook(pk), uid=uid).first()
    if found is None:
        raise NotFound(f"The webhook {pk} has no delivery {uid}.")
    return found
