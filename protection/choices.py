"""The choices that a protection rule has."""

from django.db.models import TextChoices


class Enforcement(TextChoices):
    """Whether a rule holds."""

    ACTIVE = "active", "Active"
    EVALUATE = "evaluate", "Evaluate only"
    OFF = "off", "Off"


class Outcome(TextChoices):
    """What came of judging a call or a promotion by one rule."""

    PASSED = "passed", "Passed"
    REFUSED = "refused", "Refused"
    WOULD_REFUSE = "would_refuse", "Would have been refused"
    BYPASSED = "bypassed", "Bypassed"


class DirectWrite(TextChoices):
    """What becomes of a call to MLflow that would change a protected target directly. It is never let through."""

    REFUSE = "refuse", "Refuse it, with the address of the form"
    HOLD = "hold", "Refuse it, and open the request for the caller"


class ServiceDirectWrite(TextChoices):
    """What becomes of such a call where a service account makes it, by its token."""

    SAME = "same", "The same as for people"
    REFUSE = "refuse", "Refuse it, with the address of the form"
    HOLD = "hold", "Refuse it, and open the request for the service account"


class PromoteWhen(TextChoices):
    """When an approved request is promoted, from the least to the most that a rule may ask for."""

    APPROVED = "approved", "At once, by the last approval"
    DUE = "due", "By itself, as soon as every condition holds"
    PRESSED = "pressed", "When somebody presses Promote"

    @property
    def is_automatic(self) -> bool:
        """Whether nobody has to press anything."""
        return self is not PromoteWhen.PRESSED
