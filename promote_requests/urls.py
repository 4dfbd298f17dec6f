"""Addresses of the promote request pages."""

from django.urls import URLPattern, path

from promote_requests import views

app_name = "promote_requests"
urlpatterns: list[URLPattern] = [
    path("", views.request_list, name="list"),
    path("promote-requests/new/", views.request_new, name="new"),
    path("promote-requests/<int:number>/", views.request_detail, name="detail"),
    path("inbox/", views.inbox, name="inbox"),
    path("models/", views.model_list, name="models"),
]
