"""One row of the outbox as one mail, over SMTP with TLS.

What SMTP cannot promise: when the connection is lost after the whole message has been handed over and before the server
has answered, nobody can know whether it was accepted. Such a mail is sent again under the same Message-ID, by which the
reader's mail program can tell that the two are one.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr

from orchestration.delivery import secrets
from orchestration.delivery.outbox import Item, LaterError, RefusedError, UnsureError
from orchestration.delivery.settings import MailSection

_TIMEOUT = 30


def message_id(item: Item, settings: MailSection) -> str:
    """The same for every try of a row."""
    return f"<{item.id}@{parseaddr(settings.sender)[1].partition('@')[2]}>"


def compose(item: Item, settings: MailSection, to: str, page: bytes | None) -> EmailMessage:
    """The mail of a row: the same bytes at every try. `page` is attached under the name the release gives it."""
    message = EmailMessage(policy=SMTP)
    message["From"] = settings.sender
    message["To"] = to
    if settings.reply_to:
        message["Reply-To"] = settings.reply_to
    message["Subject"] = item.body["subject"]
    message["Date"] = datetime.fromtimestamp(item.created_at, UTC)
    message["Message-ID"] = message_id(item, settings)
    message["Content-Language"] = item.language
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(item.body["text"])
    if page is not None:
        message.add_attachment(page, maintype="text", subtype="html", filename=item.body["page"])
        message.set_boundary(f"=_{item.id}")
    return message


def send(message: EmailMessage, settings: MailSection) -> str:
    """Hands a mail to the server and returns what the server said when it took it.

    Raises Later, RefusedError or UnsureError with words that hold no address and no password.
    """
    sender, to = (parseaddr(str(message[header]))[1] for header in ("From", "To"))
    content = message.as_bytes()
    with _connected(settings) as server:
        try:
            _accepted("the sender", *server.mail(sender, [f"size={len(content)}"] if server.has_extn("size") else []))
            _accepted("the recipient", *server.rcpt(to))
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            raise LaterError(f"the connection to {settings.host} was lost: {secrets.safe(str(error))}") from error
        try:
            code, reply = server.data(content)
        except smtplib.SMTPDataError as error:
            _accepted("the message", error.smtp_code, _bytes(error.smtp_error))
            raise RefusedError(f"{settings.host} answered {error.smtp_code} to DATA") from error
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            raise UnsureError(
                f"the connection to {settings.host} was lost after the message had been handed over, so it may have "
                "arrived"
            ) from error
        _accepted("the message", code, reply)
    return secrets.safe(f"{settings.host} took it: {code} {reply.decode(errors='replace')}")


@contextmanager
def _connected(settings: MailSection) -> Iterator[smtplib.SMTP]:
    """A server that knows who we are. Every failure here is before anything has been handed over."""
    context = ssl.create_default_context()
    try:
        if settings.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, settings.at, timeout=_TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(settings.host, settings.at, timeout=_TIMEOUT)
    except ssl.SSLCertVerificationError as error:
        raise RefusedError(_untrusted(settings, error)) from error
    except (OSError, smtplib.SMTPException) as error:
        where = f"{settings.host}:{settings.at}"
        raise LaterError(f"no connection to {where}: {secrets.safe(str(error))}") from error
    try:
        try:
            if settings.security == "starttls":
                server.starttls(context=context)
            server.ehlo_or_helo_if_needed()
            if settings.username:
                password = secrets.smtp_password()
                if password is None:
                    raise RefusedError(f"{secrets.ENV_SMTP_PASSWORD} is not set, and [mail] has a username")
                server.login(settings.username, password)
        except ssl.SSLCertVerificationError as error:
            raise RefusedError(_untrusted(settings, error)) from error
        except smtplib.SMTPNotSupportedError as error:
            raise RefusedError(f"{settings.host} does not offer it: {secrets.safe(str(error))}") from error
        except smtplib.SMTPAuthenticationError as error:
            advice = f"{settings.host} does not let {secrets.mask(settings.username or '')} in: {error.smtp_code}"
            raise (RefusedError if error.smtp_code >= 500 else LaterError)(advice) from error
        except (OSError, smtplib.SMTPException) as error:
            raise LaterError(f"{settings.host} did not begin a conversation: {secrets.safe(str(error))}") from error
        yield server
    finally:
        with suppress(OSError, smtplib.SMTPException):  # what was accepted is accepted, however the goodbye goes
            server.quit()


def _untrusted(settings: MailSection, error: ssl.SSLCertVerificationError) -> str:
    return f"the certificate of {settings.host} is not trusted ({error.verify_message}), so nothing was sent"


def _accepted(what: str, code: int, reply: bytes) -> None:
    """Passes on 250; a 4xx may be tried again, a 5xx may not."""
    if 200 <= code < 300:
        return
    said = secrets.safe(f"{what} was refused: {code} {reply.decode(errors='replace')}")
    raise (RefusedError if code >= 500 else LaterError)(said)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
