"""Signals that other rooms may listen to."""

from django.dispatch import Signal

event_written = Signal()
"""Sent in the transaction that wrote an audit row, for what has to be written with it: the outbox.

Arguments: `event` (models.AuditEvent). A receiver that fails undoes the row and what it records.
"""

event_recorded = Signal()
"""Sent after the transaction that wrote an audit row has committed, never when it rolled back.

Arguments: `event` (models.AuditEvent). Sent with `send_robust`: a receiver that fails does not fail the sender.
"""
