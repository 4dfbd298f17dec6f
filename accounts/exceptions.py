"""Refusals of the account services, each with a sentence for the person who caused it."""


class AccountError(Exception):
    """A refusal about an account.

    Attributes:
        message: What was wrong and what would be right.
        field: The input that was wrong, "" where none was.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class NameTaken(AccountError):
    """A user name or a token's name is in use."""


class AddressTaken(AccountError):
    """Another account has this e-mail address."""


class NotPermitted(AccountError):
    """This person may not do this."""


class LinkInvalid(AccountError):
    """A one-time link was used, was replaced, is too old or never existed."""
