"""Addresses of the promote request pages."""
from django.urls import URLPattern
app_name = "promote_requests"
urlpatterns: list[URLPattern] = []
