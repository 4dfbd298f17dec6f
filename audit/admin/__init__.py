"""The record in Django's admin, read-only."""

from audit.admin.trail import AuditEventAdmin

__all__ = ["AuditEventAdmin"]
