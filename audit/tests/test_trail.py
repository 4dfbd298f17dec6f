from audit import trail
from audit.actors import Actor, Door
from audit.choices import AuditAction
from audit.trail import About


def test_a_row_of_the_trail_is_written_whatever_a_caller_sent(db):
    sent = "Fraud\0\ud800"
    row = trail.record(
        AuditAction.CALL_REFUSED, actor=Actor.anonymous(Door.PROXY), about=About(model_name=sent), reason=sent
    )
    row.refresh_from_db()
    assert (row.model_name, row.reason) == ("Fraud\ufffd\ufffd", "Fraud\ufffd\ufffd")
