"""The project itself as an app, for its commands, and the admin site's configuration."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class CheckpointProjectConfig(AppConfig):
    """The commands that start Checkpoint."""

    name = "checkpoint_project"


class CheckpointAdminConfig(AdminConfig):
    """Django's admin with Checkpoint's site, which signs in through allauth and its rate limits."""

    default_site = "checkpoint_project.admin_site.CheckpointAdminSite"
