import smtplib
from email.message import EmailMessage

import pytest

from demo.mail_catcher import catching

pytestmark = pytest.mark.sockets


def test_each_mail_becomes_a_file_named_after_whom_it_is_to(tmp_path):
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Hello", "checkpoint@example.org", "../ada@example.org"
    mail.set_content("It works.")
    with catching(tmp_path / "mail") as port, smtplib.SMTP("127.0.0.1", port) as server:
        server.send_message(mail)
        server.send_message(mail)
    first, second = sorted((tmp_path / "mail").iterdir())
    assert first.name.endswith(" 1 ada.eml")
    assert second.name.endswith(" 2 ada.eml")
    assert b"It works." in first.read_bytes()
