"""The key that signs releases: Ed25519, made at first use, outside project, data and releases."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from ingestion import privacy
from orchestration.errors import KerncijfersError
from orchestration.release import verify
from orchestration.release.store import sync

ENV_KEY, ENV_KEY_FILE = "KERNCIJFERS_SIGNING_KEY", "KERNCIJFERS_SIGNING_KEY_FILE"


def sign(folder: Path) -> str:
    """Signs the manifest in `folder`, puts signature and public key beside it, and returns the key's fingerprint."""
    key = _private_key()
    signature = key.sign((folder / verify.MANIFEST).read_bytes())
    (folder / verify.SIGNATURE).write_text(f"{signature.hex()}\n", encoding="ascii")
    return verify.fingerprint(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def public_key() -> bytes:
    """The public key as PEM, the way it lies in a release."""
    return _private_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint() -> str:
    """The fingerprint to give to receivers by another way than the release."""
    return verify.fingerprint(_private_key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def key_file() -> Path:
    """Where the key is kept when the environment does not have it; `KERNCIJFERS_SIGNING_KEY_FILE` names another."""
    named = os.environ.get(ENV_KEY_FILE)
    return Path(named).expanduser() if named else privacy.keys_folder() / "signing.pem"


def _private_key() -> Ed25519PrivateKey:
    """From the environment (PEM), else from the key file, which is made when it is not there."""
    told = os.environ.get(ENV_KEY, "").strip()
    file = key_file()
    if not told and not file.is_file():
        _make(file)
    place = f"The environment variable {ENV_KEY}" if told else str(file)
    try:
        key = load_pem_private_key(told.encode() if told else file.read_bytes(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise KerncijfersError(
            f"{place} does not hold an Ed25519 private key in PEM. Put the right key back from your backup; a new key "
            "gives every receiver a new fingerprint to compare."
        )
    if not told and file.stat().st_mode & 0o077:
        raise KerncijfersError(f"Others may read {file}, and so sign in your name. Run: chmod 600 {file}")
    return key


def _make(file: Path) -> None:
    """Whole or not at all, also when two make it at once: written under another name that only the owner can read."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as content:
        content.write(pem)
    sync(draft)
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()
    sync(file.parent)
