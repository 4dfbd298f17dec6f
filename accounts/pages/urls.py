"""Addresses of Checkpoint's own account pages, below /checkpoint/accounts/."""

from django.urls import path

from accounts.pages import handover, views

app_name = "accounts"
urlpatterns = [
    path("tokens/", views.token_list, name="tokens"),
    path("tokens/new/", views.token_new, name="token_new"),
    path("tokens/<int:pk>/revoke/", views.token_revoke, name="token_revoke"),
    path("invitation/", views.invitation, name="invitation"),
    path("enter/", handover.enter, name="enter"),
    path("hand-over/", handover.hand_over, name="hand_over"),
    path("arrive/", handover.arrive, name="arrive"),
]
