"""Addresses of the proxy: all that are nobody else's."""

from django.urls import URLPattern, path, re_path

from proxy.auth_request import auth_request
from proxy.views import CheckpointProxyView

urlpatterns: list[URLPattern] = [
    path("checkpoint/auth-request", auth_request, name="auth_request"),
    # `(?s:.*)` so that a path with a line feed gets here too, and is refused as one. What begins with checkpoint/ and
    # is no page of ours is nobody's: it must never reach MLflow.
    re_path(r"^(?!checkpoint/)(?P<path>(?s:.*))\Z", CheckpointProxyView.as_view(), name="proxy"),
]
