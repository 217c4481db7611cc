"""`[mail]`, `[delivery]`, `[[recipients]]` and `[[webhooks]]` in company.toml: who receives what, and by which way.

Nothing here is secret. Passwords, addresses of webhooks and their keys come from the environment (`secrets.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from reports.formatting import Language

PORTS = {"starttls": 587, "tls": 465, "none": 25}
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
OneLine = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=r"^[^\r\n]+$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MailSection(_Section):
    """`[mail]`: the server that sends. Its password is in KERNCIJFERS_SMTP_PASSWORD."""

    host: OneLine
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: OneLine | None = None
    sender: OneLine
    reply_to: OneLine | None = None

    @property
    def at(self) -> int:
        """The port: the given one, else the usual one of the kind of security."""
        return self.port or PORTS[self.security]

    @field_validator("sender", "reply_to")
    @classmethod
    def _mailbox(cls, written: str | None) -> str | None:
        if written is not None and not _ADDRESS.fullmatch(parseaddr(written)[1]):
            raise ValueError("this is no mail address; write reports@example.com or Reports <reports@example.com>")
        return written

    @model_validator(mode="after")
    def _never_in_the_clear(self) -> Self:
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError('security = "none" sends reports in the clear; it is for a server on this machine only')
        return self


class DeliverySection(_Section):
    """`[delivery]`: where readers find the pages, for recipients who get a link and for the links in alerts.

    `link` is an address with `{page}`, and `{release}` if every release has its own place.
    """

    link: OneLine | None = None

    @field_validator("link")
    @classmethod
    def _a_place_for_the_page(cls, link: str | None) -> str | None:
        if link is not None:
            if urlsplit(link).scheme not in {"http", "https", "file"}:
                raise ValueError("a link begins with https://")
            if "{page}" not in link or set(re.findall(r"{(.*?)}", link)) - {"page", "release"}:
                raise ValueError("write {page} where the name of the page goes, and {release} where its release goes")
        return link

    def to(self, release: str, page: str) -> str | None:
        """The address of a page of a release; None when company.toml names no place."""
        return self.link and self.link.replace("{release}", release).replace("{page}", page)


class Recipient(_Section):
    """`[[recipients]]`: one edition in one language for one mail address, folder or bucket.

    `when` says whether every release goes out, or only the first one that is about a new month. `by` sends the page
    itself or a link to it. `endpoint` is the address of an S3-compatible store that is not Amazon's.
    """

    name: OneLine
    edition: OneLine
    language: Language
    mail: str | None = None
    folder: Path | None = None
    url: str | None = None
    when: Literal["release", "month"] = "release"
    by: Literal["attachment", "link"] = "attachment"
    endpoint: str | None = None

    @property
    def key(self) -> tuple[str, str, Language]:
        """What no two declarations share."""
        return self.name, self.edition, self.language

    @property
    def kind(self) -> Literal["mail", "copy"]:
        """How it goes."""
        return "mail" if self.mail else "copy"

    @field_validator("mail")
    @classmethod
    def _one_address(cls, mail: str | None) -> str | None:
        if mail is not None and not _ADDRESS.fullmatch(mail):
            raise ValueError("this is no mail address; one recipient has one address, such as bank@example.com")
        return mail

    @field_validator("folder")
    @classmethod
    def _a_whole_path(cls, folder: Path | None) -> Path | None:
        if folder is not None and not folder.expanduser().is_absolute():
            raise ValueError("write the whole path of the folder, from / or ~")
        return folder

    @field_validator("url")
    @classmethod
    def _no_secret_inside(cls, url: str | None) -> str | None:
        if url is not None:
            parts = urlsplit(url)
            if not parts.scheme or not parts.netloc:
                raise ValueError("write a bucket as s3://bucket/folder")
            if parts.password:
                raise ValueError("a password does not belong here; the store's client reads it from the environment")
        return url

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [way for way in ("mail", "folder", "url") if getattr(self, way)]
        if len(ways) != 1:
            raise ValueError(f"say one of mail, folder and url, not {' and '.join(ways) or 'none'}")
        if self.by == "link" and not self.mail:
            raise ValueError('by = "link" is for mail; a folder or bucket gets the page itself')
        if self.endpoint and not (self.url or "").startswith("s3://"):
            raise ValueError("endpoint is for a url that begins with s3://")
        return self


class Webhook(_Section):
    """`[[webhooks]]`: who is told by a signed request. Its address and key are in the environment, named after it."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    events: Annotated[tuple[Literal["release", "alert"], ...], Field(min_length=1)] = ("release", "alert")


def problems(
    recipients: Sequence[Recipient],
    webhooks: Sequence[Webhook],
    *,
    mail: MailSection | None,
    delivery: DeliverySection,
    pages: Sequence[tuple[str, Language]],
) -> str | None:
    """What is wrong between these sections, in words; None when nothing is."""
    keys = [recipient.key for recipient in recipients]
    for recipient in recipients:
        who = f"recipient {recipient.name}"
        if (recipient.edition, recipient.language) not in pages:
            known = ", ".join(f"{edition} in {language}" for edition, language in pages)
            return (
                f"{who} gets {recipient.edition} in {recipient.language}, which no release has; [report] says {known}"
            )
        if recipient.mail and mail is None:
            return f"{who} gets mail, and there is no [mail] that says which server sends it"
        if recipient.by == "link" and delivery.link is None:
            return f"{who} gets a link, and there is no link in [delivery]"
        if keys.count(recipient.key) > 1:
            return f"{who} stands here twice for {recipient.edition} in {recipient.language}; give them two names"
    names = [webhook.name for webhook in webhooks]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        return f"webhook {', '.join(twice)} stands here twice"
    return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
