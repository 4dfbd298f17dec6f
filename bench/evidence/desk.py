"""What the admin's list of requests costs with 1,000 and with 100,000 of them: processor time, with that of SQLite."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.test import Client
from django.utils import timezone

from bench.evidence.live import cpu_ms, get
from bench.evidence.pure import Row

if TYPE_CHECKING:
    from accounts.models import User

LIST = "/checkpoint/admin/promote_requests/promoterequest/"
_AUTHORS = 50
_AT_ONCE = 5_000


def rows(client: Client, administrator: "User") -> list[Row]:
    """Returns (what, figure, asked for, with 1,000 requests, growth); the dates and the count are in it."""
    _fill(administrator, 0, 1_000)
    small = cpu_ms(lambda: get(client, LIST))
    _fill(administrator, 1_000, 100_000)
    large = cpu_ms(lambda: get(client, LIST))
    what = "the admin's list with 100,000 requests, beside 1,000"
    return [(what, f"{large / small:.2f} times ({large:,.0f} ms)", "1.5 times", f"{small:,.0f} ms", "")]


def _fill(administrator: "User", start: int, end: int) -> None:
    from accounts.models import User  # noqa: PLC0415
    from promote_requests.models import PromoteRequest  # noqa: PLC0415

    authors = list(User.objects.filter(username__startswith="author-")) or User.objects.bulk_create(
        User(username=f"author-{number}") for number in range(_AUTHORS)
    )
    now = timezone.now()
    for begin in range(start, end, _AT_ONCE):
        made = []
        for at in range(begin, min(begin + _AT_ONCE, end)):
            closed = {} if at % 50 == 0 else {"status": "closed", "closed_at": now, "close_reason": "rejected"}
            made.append(
                PromoteRequest(
                    title=f"Request {at}",
                    description="Words of its author. " * 20,
                    model_name=f"model-{at % 500}",
                    version=str(at + 1),
                    target_kind="alias",
                    target_name="champion",
                    author=authors[at % _AUTHORS],
                    created_at=now - timedelta(minutes=(end - at) * 7),
                    closed_by=administrator if closed else None,
                    evidence_digest="0" * 64,
                    **closed,
                )
            )
        PromoteRequest.objects.bulk_create(made)
