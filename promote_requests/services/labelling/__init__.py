"""Labels: which there are, and which requests have them."""

from promote_requests.services.labelling.giving import set_labels
from promote_requests.services.labelling.keeping import checked_label, delete_label, save_label

__all__ = ["checked_label", "delete_label", "save_label", "set_labels"]
