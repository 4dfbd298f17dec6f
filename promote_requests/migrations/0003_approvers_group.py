"""The group Approvers: staff who list, read, approve and close promote requests in the admin."""

from django.db import migrations

NAME = "Approvers"
READABLE = {
    "promoterequest": "promote request",
    "review": "review",
    "comment": "comment",
    "protectionrule": "protection rule",
    "auditevent": "audit event",
}


def add_group(apps, schema_editor):
    # Permissions are usually created after all migrations; those that are needed now are created as they will be
    # looked for then, by content type and codename, so that nothing is created twice.
    alias = schema_editor.connection.alias
    content_types = apps.get_model("contenttypes", "ContentType").objects.db_manager(alias)
    permissions = apps.get_model("auth", "Permission").objects.db_manager(alias)
    group, _ = apps.get_model("auth", "Group").objects.db_manager(alias).get_or_create(name=NAME)
    for model, verbose_name in READABLE.items():
        content_type, _ = content_types.get_or_create(app_label="promote_requests", model=model)
        permission, _ = permissions.get_or_create(
            content_type=content_type, codename=f"view_{model}", defaults={"name": f"Can view {verbose_name}"}
        )
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("promote_requests", "0002_shipped_rules"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    # A team may have put people into the group: going back leaves it.
    operations = [migrations.RunPython(add_group, migrations.RunPython.noop)]
