"""Protection rules and the audit trail, to be read."""

from typing import Any

from rest_framework.generics import ListAPIView
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from promote_requests.api import schema
from promote_requests.api.base import ApiView
from promote_requests.api.filters import AuditEventFilter, StrictFilterBackend
from promote_requests.api.representations import AuditEventSerializer, ProtectionRuleSerializer
from promote_requests.models import AuditEvent, ProtectionRule


class MayReadAuditTrail(BasePermission):
    """The same permission as for the audit trail in the admin: it tells of everybody's refused calls."""

    message = "Only people with the permission to view audit events may read the audit trail."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tells whether the caller may."""
        return request.user.has_perm("promote_requests.view_auditevent")


class ProtectionRulesView(ApiView, ListAPIView):
    """The protection rules."""

    queryset = ProtectionRule.objects.all()
    serializer_class = ProtectionRuleSerializer

    @schema.operation("List protection rules", responses={200: ProtectionRuleSerializer(many=True)})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists every rule, those that are switched off included; the admin edits them."""
        return self.list(request, *args, **kwargs)


class AuditEventsView(ApiView, ListAPIView):
    """The audit trail."""

    queryset = AuditEvent.objects.all()
    serializer_class = AuditEventSerializer
    permission_classes = (IsAuthenticated, MayReadAuditTrail)
    filter_backends = (StrictFilterBackend,)
    filterset_class = AuditEventFilter

    @schema.operation("Read the audit trail", responses={200: AuditEventSerializer(many=True)}, errors=(400,))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Lists what happened, the newest first, for people who may view audit events."""
        return self.list(request, *args, **kwargs)
