"""What may stand in the addresses of pages and API."""

from django.urls import register_converter
from django.urls.converters import PathConverter


class ModelNameConverter(PathConverter):
    """Any name that MLflow gives a registered model: line breaks too, at which Django's own `path` ends.

    One model with such a name would otherwise make every page fail that links to it.
    """

    regex = r"[\s\S]+"


register_converter(ModelNameConverter, "model_name")
