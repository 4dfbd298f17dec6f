"""Addresses of webhooks in the API, below /checkpoint/api/webhooks/."""

from django.urls import URLPattern, path

from notifications.api import webhooks

app_name = "notifications_api"
_ONE = "<int:pk>/"

urlpatterns: list[URLPattern] = [
    path("", webhooks.WebhooksView.as_view(), name="webhooks"),
    path(_ONE, webhooks.WebhookView.as_view(), name="webhook"),
    path(f"{_ONE}rotate/", webhooks.RotateView.as_view(), name="rotate"),
    path(f"{_ONE}test/", webhooks.TestView.as_view(), name="test"),
    path(f"{_ONE}deliveries/", webhooks.DeliveriesView.as_view(), name="deliveries"),
    path(f"{_ONE}deliveries/<uuid:uid>/", webhooks.DeliveryView.as_view(), name="delivery"),
    path(f"{_ONE}deliveries/<uuid:uid>/redeliver/", webhooks.RedeliverView.as_view(), name="redeliver"),
]
