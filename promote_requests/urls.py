"""Addresses of the promote request pages."""

from django.urls import URLPattern, path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from promote_requests import converters as _converters  # noqa: F401 - registers what the routes name
from promote_requests import mlflow_ui, views

_to_the_list = RedirectView.as_view(pattern_name="promote_requests:list", query_string=True)

app_name = "promote_requests"
urlpatterns: list[URLPattern] = [
    path("", views.request_list, name="list"),
    # Where whoever shortens a request's address by hand expects the list.
    path("promote-requests/", require_safe(_to_the_list), name="shortened"),
    path("promote-requests/new/", views.request_new, name="new"),
    path("promote-requests/<int:number>/", views.request_detail, name="detail"),
    path("promote-requests/<int:number>/review/", views.review, name="review"),
    path("promote-requests/<int:number>/comment/", views.comment, name="comment"),
    path("promote-requests/<int:number>/promote/", views.promote, name="promote"),
    path("promote-requests/<int:number>/close/", views.close, name="close"),
    path("promote-requests/<int:number>/withdraw/", views.withdraw, name="withdraw"),
    path("promote-requests/<int:number>/reopen/", views.reopen, name="reopen"),
    path("promote-requests/<int:number>/edit/", views.edit, name="edit"),
    path("promote-requests/<int:number>/submit/", views.submit, name="submit"),
    path("mlflow-ui/status/", mlflow_ui.status, name="mlflow_ui_status"),
    path("inbox/", views.inbox, name="inbox"),
    path("models/", views.model_list, name="models"),
    path("models/<model_name:name>/", views.model_page, name="model"),
]
