"""Administration of people, groups, tokens and invitations."""

from allauth.account.models import EmailAddress
from django.contrib import admin

from accounts.admin.groups import RightsAdmin
from accounts.admin.invitations import InvitationAdmin
from accounts.admin.people import PersonAdmin
from accounts.admin.service_accounts import ServiceAccountAdmin
from accounts.admin.tokens import ApiTokenAdmin

__all__ = ["ApiTokenAdmin", "InvitationAdmin", "PersonAdmin", "RightsAdmin", "ServiceAccountAdmin"]

# allauth's second table of addresses is not used: a person has the one address of the account.
admin.site.unregister(EmailAddress)
