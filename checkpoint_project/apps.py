"""The project itself as an app, for its commands, and the admin site's configuration."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.backends.signals import connection_created

from foundation.database import storable


class CheckpointProjectConfig(AppConfig):
    """The commands that start Checkpoint, and what holds for every connection to the database."""

    name = "checkpoint_project"

    def ready(self) -> None:
        """Has what no database can store refused before it gets there."""
        connection_created.connect(storable.install, dispatch_uid="checkpoint_project.storable")


class CheckpointAdminConfig(AdminConfig):
    """Django's admin with Checkpoint's site, which signs in through allauth and its rate limits."""

    default_site = "checkpoint_project.admin_site.CheckpointAdminSite"
