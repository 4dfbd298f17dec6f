"""The admin site's configuration."""

from django.contrib.admin.apps import AdminConfig


class CheckpointAdminConfig(AdminConfig):
    """Django's admin with Checkpoint's site, which signs in through allauth and its rate limits."""

    default_site = "checkpoint_project.admin_site.CheckpointAdminSite"
