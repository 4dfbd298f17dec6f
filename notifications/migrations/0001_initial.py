import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('name', models.CharField(max_length=32, primary_key=True, serialize=False)),
                ('holder', models.CharField(blank=True, max_length=128)),
                ('until', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('done', 'done'), ('dead', 'given up')], default='waiting', max_length=8)),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('claim', models.UUIDField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('error', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(null=True)),
                ('event', models.CharField(choices=[('promote_request.created', 'opened'), ('promote_request.submitted', 'a draft was opened'), ('promote_request.edited', 'title or description edited'), ('promote_request.commented', 'commented'), ('promote_request.thread_resolved', 'a thread resolved'), ('promote_request.thread_unresolved', 'a thread opened again'), ('promote_request.mentioned', 'people mentioned'), ('promote_request.follow_up_due', 'a follow-up due'), ('promote_request.approved', 'approved'), ('promote_request.changes_requested', 'changes requested'), ('promote_request.dismissed', 'a request for changes dismissed'), ('promote_request.review_asked', 'somebody asked for a review'), ('promote_request.review_declined', 'a review declined'), ('promote_request.check_reported', 'a check reported'), ('promote_request.check_requested', 'a check asked for again'), ('promote_request.evidence_changed', 'the facts changed'), ('promote_request.promotion_started', 'the promotion began'), ('promote_request.promotion_unanswered', 'MLflow did not answer in time'), ('promote_request.promotion_failed', 'the promotion failed'), ('promote_request.promoted', 'promoted'), ('promote_request.rolled_back', 'promoted to a version that had the target before'), ('promote_request.rejected', 'rejected'), ('promote_request.withdrawn', 'withdrawn'), ('promote_request.superseded', 'closed because another took its place'), ('promote_request.glass_broken', 'promoted past its rules'), ('promote_request.glass_consented', 'somebody consented to breaking the glass'), ('promote_request.reviewed_afterwards', 'a promotion past the rules reviewed afterwards'), ('promote_request.asked_again', 'reviewers asked again: another request was promoted to the target'), ('promote_request.re_review_due', 'the champion is to be reviewed again'), ('promote_request.re_reviewed', 'the champion was reviewed again'), ('promote_request.version_gone', 'the version is deleted in MLflow'), ('promote_request.version_back', 'the deleted version is in MLflow again'), ('promote_request.reopened', 'reopened'), ('promote_request.reminded', 'a review is waited for'), ('promote_request.ending', 'a time is nearly over')], max_length=64)),
                ('format', models.PositiveSmallIntegerField()),
                ('at', models.DateTimeField()),
                ('workspace', models.CharField(blank=True, max_length=256)),
                ('model_name', models.CharField(blank=True, max_length=256)),
                ('request_number', models.PositiveBigIntegerField(null=True)),
                ('actor', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('payload', models.JSONField()),
                ('audience', models.JSONField(default=dict)),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['due_at', 'id'], name='message_due'), models.Index(fields=['state', 'finished_at'], name='message_finished')],
            },
        ),
        migrations.CreateModel(
            name='Letter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('done', 'done'), ('dead', 'given up')], default='waiting', max_length=8)),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('claim', models.UUIDField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('error', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(null=True)),
                ('reader', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='letters', to='notifications.message')),
                ('is_digest', models.BooleanField(default=False)),
            ],
            options={
                'ordering': ['pk'],
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['reader', 'due_at', 'id'], name='letter_due'), models.Index(fields=['state', 'finished_at'], name='letter_finished')],
                'constraints': [models.UniqueConstraint(fields=('reader', 'message'), name='one_letter_per_reader_and_message')],
            },
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('kind', models.CharField(choices=[('review', 'Somebody asks for a review'), ('decision', 'Somebody judges or closes a request'), ('promotion', 'A version is promoted, or could not be'), ('talk', 'Comments, edits, checks, changed facts'), ('reminder', 'Your review is waited for, or a time is nearly over'), ('yours', 'Somebody mentions you, or a follow-up of yours is due')], max_length=16)),
                ('way', models.CharField(choices=[('mail', 'Inbox, and mail at once'), ('digest', 'Inbox, and mail once a day'), ('inbox', 'Inbox alone'), ('nothing', 'Not at all')], max_length=8)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(condition=models.Q(('user__isnull', False)), fields=('user', 'kind'), name='one_preference_per_person_and_kind'), models.UniqueConstraint(condition=models.Q(('user', None)), fields=('kind',), name='one_default_per_kind')],
            },
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request_number', models.PositiveBigIntegerField(null=True)),
                ('workspace', models.CharField(blank=True, max_length=256)),
                ('model_name', models.CharField(blank=True, max_length=256)),
                ('model_key', models.CharField(blank=True, editable=False, max_length=256)),
                ('is_muted', models.BooleanField(default=False)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(condition=models.Q(('request_number__isnull', False)), fields=('request_number', 'user'), name='one_subscription_per_request_and_person'), models.UniqueConstraint(condition=models.Q(('request_number', None)), fields=('workspace', 'model_key', 'user'), name='one_subscription_per_model_and_person')],
            },
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=2000)),
                ('format', models.CharField(choices=[('checkpoint', "a program: MLflow's envelope, signed"), ('slack', 'Slack: a message with a button'), ('teams', 'Teams: a card with a button')], default='checkpoint', max_length=16)),
                ('events', models.JSONField(default=list)),
                ('model_pattern', models.CharField(default='*', max_length=256)),
                ('description', models.CharField(blank=True, max_length=200)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('secret', models.TextField()),
                ('former_secret', models.TextField(blank=True)),
                ('former_until', models.DateTimeField(null=True)),
                ('is_active', models.BooleanField(default=True)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('paused_until', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['pk'],
                'permissions': [('manage_notifications', 'Can manage webhooks and what waits to be sent')],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('done', 'done'), ('dead', 'given up')], default='waiting', max_length=8)),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('claim', models.UUIDField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('error', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(null=True)),
                ('webhook', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='notifications.webhook')),
                ('message', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='notifications.message')),
                ('event', models.CharField(max_length=64)),
                ('request_number', models.PositiveBigIntegerField(null=True)),
                ('body', models.TextField()),
                ('request_headers', models.JSONField(default=dict)),
                ('attempted_at', models.DateTimeField(null=True)),
                ('milliseconds', models.PositiveIntegerField(null=True)),
                ('answer_status', models.PositiveSmallIntegerField(null=True)),
                ('answer_headers', models.JSONField(default=dict)),
                ('answer_body', models.TextField(blank=True)),
            ],
            options={
                'ordering': ['-pk'],
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['webhook', 'due_at', 'id'], name='delivery_due'), models.Index(fields=['webhook', '-id'], name='delivery_by_webhook'), models.Index(fields=['state', 'finished_at'], name='delivery_finished')],
                'constraints': [models.UniqueConstraint(fields=('message', 'webhook'), name='one_delivery_per_webhook_and_message')],
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reader', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='notifications.message')),
                ('kind', models.CharField(max_length=16)),
                ('event', models.CharField(max_length=64)),
                ('request_number', models.PositiveBigIntegerField()),
                ('sentence', models.TextField()),
                ('at', models.DateTimeField()),
                ('read_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-pk'],
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('read_at', None)), fields=['reader', 'request_number'], name='notice_unread'), models.Index(fields=['reader', '-id'], name='notice_by_reader'), models.Index(fields=['at'], name='notice_by_time')],
                'constraints': [models.UniqueConstraint(fields=('reader', 'message'), name='one_notice_per_reader_and_message')],
            },
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('request_number', models.PositiveBigIntegerField()),
                ('about', models.CharField(max_length=128)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('request_number', 'about'), name='one_reminder_of_each_thing')],
            },
        ),
    ]
