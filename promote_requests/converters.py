"""Path converters for the addresses of pages and API."""

from django.urls import register_converter
from django.urls.converters import PathConverter


class ModelNameConverter(PathConverter):
    """Any name of a registered model, line breaks included, which Django's own `path` does not match.

    One model with such a name would otherwise make every page fail that links to it.
    """

    regex = r"[\s\S]+"


register_converter(ModelNameConverter, "model_name")
