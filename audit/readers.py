"""The group whose members read the whole record in the admin: requests, reviews, comments, rules and trail.

It grants permissions to view and no others. Who may approve does not depend on Django's groups: see
`promote_requests.permissions`.
"""

from typing import Any

GROUP = "Record readers"
_READABLE = {
    ("promote_requests", "promoterequest"): "promote request",
    ("promote_requests", "label"): "label",
    ("promote_requests", "review"): "review",
    ("promote_requests", "comment"): "comment",
    ("protection", "protectionrule"): "protection rule",
    ("protection", "freezewindow"): "freeze window",
    ("protection", "ownership"): "ownership",
    ("audit", "auditevent"): "audit event",
}


def add_group(apps: Any, schema_editor: Any) -> None:
    """Adds the group; for the first migration, with its historical models.

    Django creates permissions after all migrations. The ones needed here are created now, with the content type and the
    codename by which Django will look for them, so that none is created twice.
    """
    alias = schema_editor.connection.alias
    content_types = apps.get_model("contenttypes", "ContentType").objects.db_manager(alias)
    permissions = apps.get_model("auth", "Permission").objects.db_manager(alias)
    group, _ = apps.get_model("auth", "Group").objects.db_manager(alias).get_or_create(name=GROUP)
    for (app_label, model), verbose_name in _READABLE.items():
        content_type, _ = content_types.get_or_create(app_label=app_label, model=model)
        permission, _ = permissions.get_or_create(
            content_type=content_type, codename=f"view_{model}", defaults={"name": f"Can view {verbose_name}"}
        )
        group.permissions.add(permission)
