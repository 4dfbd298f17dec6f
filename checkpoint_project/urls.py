"""Routes of Checkpoint's pages. Everything outside /checkpoint/ is for MLflow: `proxy.middleware` answers it before."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from accounts.pages.views import setup
from proxy.guard.coverage import coverage

handler400 = "foundation.error_pages.bad_request"
handler403 = "foundation.error_pages.permission_denied"
handler404 = "foundation.error_pages.not_found"
handler500 = "foundation.error_pages.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("checkpoint/admin/", admin.site.urls),
    path("checkpoint/setup/", setup, name="setup"),
    path("checkpoint/accounts/", include("accounts.pages.urls")),
    path("checkpoint/accounts/", include("accounts.pages.sign_in_urls")),
    path("checkpoint/api/webhooks/", include("notifications.api.urls")),
    path("checkpoint/api/", include("promote_requests.api.urls")),
    path("checkpoint/coverage/", coverage, name="coverage"),
    path("checkpoint/", include("notifications.pages.urls")),
    path("checkpoint/", include("promote_requests.pages.urls")),
]
