"""The record in Django's admin: requests and trail to be read and acted on, rules to be edited, all by the services."""

from audit.admin.trail import AuditEventAdmin
from promote_requests.admin.requests import PromoteRequestAdmin
from promote_requests.admin.rules import ProtectionRuleAdmin

__all__ = ["AuditEventAdmin", "PromoteRequestAdmin", "ProtectionRuleAdmin"]
