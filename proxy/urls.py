"""The proxy's one address below /checkpoint/; all others are its own by `middleware`."""

from django.urls import URLPattern, path

from proxy.auth_request import auth_request

urlpatterns: list[URLPattern] = [
    path("checkpoint/auth-request", auth_request, name="auth_request"),
]
