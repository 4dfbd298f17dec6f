"""Requests and rules in Django's admin: read there, and changed by the services only."""

from audit.admin.trail import AuditEventAdmin
from promote_requests.admin.entries import FreezeWindowAdmin, OwnershipAdmin
from promote_requests.admin.labels import LabelAdmin
from promote_requests.admin.requests import PromoteRequestAdmin
from promote_requests.admin.rules import ProtectionRuleAdmin

__all__ = [
    "AuditEventAdmin",
    "FreezeWindowAdmin",
    "LabelAdmin",
    "OwnershipAdmin",
    "PromoteRequestAdmin",
    "ProtectionRuleAdmin",
]
