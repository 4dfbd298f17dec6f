"""Who can be mentioned, for the fields that offer names while somebody types."""

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.directory import beginning_with
from foundation.api import schema
from foundation.api.views import ApiView, checked
from promote_requests.api.talk.inputs import MentionSearchSerializer
from promote_requests.api.talk.outputs import OffersSerializer

MOST = 6
"""People, and groups, that one answer names."""


class MentionsView(ApiView):
    """People who may sign in, and groups with such people."""

    @schema.operation(
        "Find people and groups to mention",
        operation_id="mentions_list",
        responses={200: OffersSerializer},
        errors=(400,),
        parameters=[MentionSearchSerializer],
    )
    def get(self, request: Request) -> Response:
        """Names a few whose names begin as `search` does."""
        text = checked(MentionSearchSerializer, request.query_params.dict())["search"]
        people, groups = beginning_with(text, most=MOST)
        results = [{"name": name, "kind": "person", "text": f"@{name}"} for name in people]
        results += [{"name": name, "kind": "group", "text": _group(name)} for name in groups if '"' not in name]
        return Response(dict(OffersSerializer({"results": results}).data))


def _group(name: str) -> str:
    is_one_word = all(character.isalnum() or character in "_.@+-" for character in name)
    return f"@group:{name}" if is_one_word else f'@group:"{name}"'
