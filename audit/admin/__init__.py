"""The record in Django's admin: read, never touched."""

from audit.admin.trail import AuditEventAdmin

__all__ = ["AuditEventAdmin"]
