"""Addresses of the proxy: all that are nobody else's."""
from django.urls import URLPattern
urlpatterns: list[URLPattern] = []
