"""What company.toml may say about deliveries, and the words when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration import company, doctor
from orchestration.delivery import checks
from orchestration.errors import KerncijfersError
from tests.orchestration.delivery.conftest import MAIL, Office

RECIPIENT = '[[recipients]]\nname = "Bank"\nedition = "management"\nlanguage = "nl"\n'


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (RECIPIENT, "recipients[Bank]: say one of mail, folder and url, not none"),
        (RECIPIENT + 'mail = "a@b.example"\nfolder = "/tmp"', "say one of mail, folder and url, not mail and folder"),
        (RECIPIENT + 'mail = "a@b.example"', "there is no [mail] that says which server sends it"),
        (RECIPIENT + 'mail = "a@b.example, c@d.example"', "one recipient has one address"),
        (RECIPIENT + 'mail = "a@b.example\\nBcc: c@d.example"', "one recipient has one address"),
        (RECIPIENT.replace('"management"', '"bank"') + 'folder = "/tmp"', "which no release has; [report] says"),
        ((RECIPIENT + 'folder = "/tmp"\n') * 2, "stands here twice for management in nl"),
        (RECIPIENT + 'folder = "archive"', "write the whole path"),
        (RECIPIENT + 'url = "bucket/kpi"', "write a bucket as s3://bucket/folder"),
        (RECIPIENT + 'url = "sftp://me:hunter2@host/kpi"', "a password does not belong here"),
        (RECIPIENT + 'folder = "/tmp"\nby = "link"', 'by = "link" is for mail'),
        ('[mail]\nhost = "mail.example"\nsender = "a@b.example"\nsecurity = "none"', "sends reports in the clear"),
        ('[mail]\nhost = "mail.example"\nsender = "Reports"', "this is no mail address"),
        ('[delivery]\nlink = "https://reports.example/"', "write {page} where the name of the page goes"),
        ('[delivery]\nlink = "ftp://reports.example/{page}"', "a link begins with https://"),
        ('[[webhooks]]\nname = "Zapier!"', "webhooks[Zapier!].name"),
        ('[[webhooks]]\nname = "make"\n[[webhooks]]\nname = "make"', "webhook make stands here twice"),
    ],
)
def test_a_mistake_names_the_place_and_what_to_write(office: Office, written: str, said: str) -> None:
    office.write(written)
    with pytest.raises(KerncijfersError) as caught:
        company.read(office.paths)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_doctor_says_what_would_keep_a_delivery_in_and_sends_nothing(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.doctor.dbt", None)
    away = f'folder = "{tmp_path}/away"\n'
    office.write(MAIL.format(port=1), RECIPIENT.replace("Bank", "Archief") + away, '[[webhooks]]\nname = "make"\n')
    monkeypatch.setenv("KERNCIJFERS_ALERT_URLS", "nonsense://token-q1w2e3 json://127.0.0.1:1/")
    finding = doctor._delivery(office.paths)
    assert finding.found == "2 recipients, 1 webhooks, alerts to 2 addresses"
    assert not finding.blocks
    for said in ("KERNCIJFERS_SMTP_PASSWORD", f"no folder {tmp_path}/away", "KERNCIJFERS_WEBHOOK_MAKE_URL", "Apprise"):
        assert said in finding.advice
    assert "q1w2e3" not in finding.advice

    (tmp_path / "away").mkdir()
    monkeypatch.setenv("KERNCIJFERS_SMTP_PASSWORD", "x")
    monkeypatch.setenv("KERNCIJFERS_ALERT_URLS", "json://127.0.0.1:1/")
    monkeypatch.setenv("KERNCIJFERS_WEBHOOK_MAKE_URL", "https://hook.example/x")
    monkeypatch.setenv("KERNCIJFERS_WEBHOOK_MAKE_SECRET", "whsec_" + "c2VjcmV0" * 4)
    assert list(checks.examine(office.paths, company.read(office.paths))) == []
