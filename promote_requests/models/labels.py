"""Labels: short words in a colour that sort requests."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from typing_extensions import override

from audit.trail import About
from promote_requests.models.requests import PromoteRequest


class LabelColour(models.TextChoices):
    """The palette; `labels.css` has each in a light and a dark tone. The name is always beside it."""

    GREY = "grey", "Grey"
    RED = "red", "Red"
    ORANGE = "orange", "Orange"
    YELLOW = "yellow", "Yellow"
    GREEN = "green", "Green"
    TEAL = "teal", "Teal"
    BLUE = "blue", "Blue"
    PURPLE = "purple", "Purple"


class Label(models.Model):
    """A label and the requests that have it. `key` is the name folded, so that no two look alike."""

    name = models.CharField(max_length=50)
    key = models.CharField(max_length=200, unique=True, editable=False)
    colour = models.CharField(max_length=10, choices=LabelColour, default=LabelColour.GREY)
    requests: models.ManyToManyField = models.ManyToManyField(
        PromoteRequest, related_name="labels", editable=False, blank=True
    )

    class Meta:
        ordering: ClassVar = ["key"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(colour__in=LabelColour.values), name="label_colour_is_known"),
        ]

    @override
    def __str__(self) -> str:
        return self.name

    @property
    def term(self) -> str:
        """What finds the requests that have it, in the search box."""
        return f'label:"{self.name}"'

    @property
    def about(self) -> About:
        """What an audit row about this label is about."""
        return About(target=f"label:{self.name}")
