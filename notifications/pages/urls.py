"""Addresses of the pages of this room, below /checkpoint/."""

from django.urls import URLPattern, path

from notifications.pages import following, preferences, queue, unsubscribing, webhooks

app_name = "notifications"
_ONE = "webhooks/<int:pk>/"

urlpatterns: list[URLPattern] = [
    path("webhooks/", webhooks.webhook_list, name="webhooks"),
    path("webhooks/new/", webhooks.webhook_new, name="webhook_new"),
    path(_ONE, webhooks.webhook, name="webhook"),
    path(f"{_ONE}rotate/", webhooks.webhook_rotate, name="webhook_rotate"),
    path(f"{_ONE}switch/", webhooks.webhook_switch, name="webhook_switch"),
    path(f"{_ONE}test/", webhooks.webhook_test, name="webhook_test"),
    path(f"{_ONE}delete/", webhooks.webhook_delete, name="webhook_delete"),
    path(f"{_ONE}deliveries/<uuid:uid>/again/", webhooks.delivery_again, name="delivery_again"),
    path("queue/", queue.queue, name="queue"),
    path("queue/<uuid:uid>/again/", queue.again, name="again"),
    path("notifications/", preferences.preferences, name="preferences"),
    path("notifications/defaults/", preferences.defaults, name="defaults"),
    path("notifications/watch/", following.watch, name="watch"),
    path("notifications/forget/<int:pk>/", preferences.forget, name="forget"),
    path("notifications/requests/<int:number>/", following.follow, name="follow"),
    path("notifications/unsubscribe/", unsubscribing.unsubscribe, name="unsubscribe"),
]
