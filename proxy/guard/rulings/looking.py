"""What a ruling is, and what those share that rest on a look into the registry."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from foundation.exceptions import InvalidInput
from promote_requests.choices import Status
from proxy.guard.messages import Message
from proxy.protected import Protected
from proxy.refusals import Refusal, being_judged, being_promoted


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What is asked for is so already: MLflow says that it is done, and so does Checkpoint, which passes nothing on.

    Passed on, the call could arrive when it is no longer so, and would then change what nobody judged.

    Attributes:
        model_name: Of what MLflow's answer shows; "" for an empty answer.
        version: Of the version that it shows; "" where it shows the model.
    """

    model_name: str = ""
    version: str = ""


Ruling = Callable[[Message, Protected], Refusal | Unchanged | None]


def looking(ruling: Ruling) -> Ruling:
    """Decorates a ruling that looks up who holds what: nothing passes of which a promotion has made the answer old.

    What a crash cut off is settled before anything is looked up: the change may show in MLflow only from then on. And
    afterwards no promotion of the model may be under way, nor have been made since.
    """

    @wraps(ruling)
    def judged(message: Message, protected: Protected) -> Refusal | Unchanged | None:
        before = protected.promotions(message["name"])
        stopped = ruling(message, protected)
        if stopped is not None:
            return stopped
        now = protected.promotions(message["name"])
        return being_promoted(message["name"]) if now.under_way or now.made - before.made else None

    return judged


def kept(name: str, protected: Protected, *, version: str = "") -> Refusal | None:
    """Refuses to put away or to change what people judge: brought back with other files it would look the same.

    For rulings that are `looking`: a promotion that was cut off, and is settled by then, may be an open request again.
    """
    judged = protected.judged_in(name, version)
    if judged is None:
        return None
    is_open = judged.status == Status.OPEN
    return being_judged(name, judged.version, judged.pk) if is_open else being_promoted(name)


def require_possible(fault: str) -> None:
    """Takes what MLflow would refuse for the mistake that it is: no request for it could ever be carried out.

    Not passed on though MLflow would say so itself: what it goes by may have changed when this arrives.

    Raises:
        InvalidInput: there is a fault.
    """
    if fault:
        raise InvalidInput(fault)
