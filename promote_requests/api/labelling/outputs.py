"""How the API shows labels."""

from rest_framework import serializers

from foundation.api.inputs import one_of
from promote_requests.models import LabelColour


class RequestLabelSerializer(serializers.Serializer):
    """A label of a request."""

    name = serializers.CharField()
    colour = one_of(LabelColour)


class LabelSerializer(RequestLabelSerializer):
    """A label."""

    id = serializers.IntegerField()
