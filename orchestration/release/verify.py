"""Checks the files of a Kerncijfers release against its signed manifest. Needs Python 3.9 or newer and `cryptography`.

    pip install cryptography
    python verify.py                          the folder this file is in
    python verify.py FOLDER --key FINGERPRINT

It says whose key signed the manifest, as a fingerprint: compare that once with the one the sender gives you another
way, by telephone for example. Then every file that is here must be the one that was signed. Exit code 0 when all is
well, 1 when something is not, 2 when it can't be checked. Run a copy you trust: whoever can change a report can change
this file.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

MANIFEST, SIGNATURE, PUBLIC_KEY = "manifest.json", "manifest.json.sig", "public_key.pem"
NEEDED = (MANIFEST, SIGNATURE, PUBLIC_KEY)


def fingerprint(public_key: bytes) -> str:
    """The SHA-256 of a raw public key in groups of four digits, to be read aloud."""
    digest = hashlib.sha256(public_key).hexdigest()
    return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))


def signer(folder: Path) -> str:
    """The fingerprint of the key that signed the manifest in `folder`; ValueError when the signature is not good."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - the one package a receiver must install
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key  # noqa: PLC0415

    for name in NEEDED:
        if not (folder / name).is_file():
            raise ValueError(f"{name} is not there, so nothing vouches for these files")
    try:
        key = load_pem_public_key((folder / PUBLIC_KEY).read_bytes())
        signature = bytes.fromhex((folder / SIGNATURE).read_text(encoding="ascii").strip())
    except (ValueError, UnicodeDecodeError):
        raise ValueError(f"{PUBLIC_KEY} or {SIGNATURE} can't be read") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{PUBLIC_KEY} is not an Ed25519 key")  # noqa: TRY004 - a bad file, not a bad argument
    try:
        key.verify(signature, (folder / MANIFEST).read_bytes())
    except InvalidSignature:
        raise ValueError(f"{MANIFEST} is not what the key in {PUBLIC_KEY} signed: it was changed") from None
    return fingerprint(key.public_bytes(Encoding.Raw, PublicFormat.Raw))


def findings(folder: Path) -> "tuple[list[str], list[str], list[str]]":
    """What is wrong with the files, which are as signed, and which of the signed ones are not here."""
    signed = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    wrong, good, absent = [], [], []
    for name, facts in sorted(signed.items()):
        file = folder / name
        if not file.is_file():
            absent.append(name)
        elif hashlib.sha256(file.read_bytes()).hexdigest() == facts["sha256"]:
            good.append(name)
        else:
            wrong.append(f"{name} is not the file that was signed")
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if not file.is_dir()}
    wrong += [f"{name} was not in the release" for name in sorted(found - set(signed) - {MANIFEST, SIGNATURE})]
    return wrong, good, absent


def main() -> int:
    """Checks one folder and says what was found."""
    parser = argparse.ArgumentParser(
        description="Check the files of a Kerncijfers release against its signed manifest."
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--key", help="the fingerprint the sender gave you; another key is refused")
    parser.add_argument("--whole", action="store_true", help="every file of the release must be here")
    arguments = parser.parse_args()
    try:
        import cryptography  # noqa: F401, PLC0415
    except ImportError:
        print("The package `cryptography` is needed: pip install cryptography", file=sys.stderr)  # noqa: T201
        return 2
    try:
        key = signer(arguments.folder)
        wrong, good, absent = findings(arguments.folder)
    except (ValueError, KeyError, OSError) as error:
        print(f"NOT GOOD: {error}.")  # noqa: T201
        return 1
    if arguments.key and arguments.key.replace(" ", "").lower() != key.replace(" ", ""):
        wrong.insert(0, "the manifest was signed with another key than the one you named")
    if arguments.whole:
        wrong += [f"{name} is not here" for name in absent]
    print(f"Signed with the key\n  {key}")  # noqa: T201
    if wrong:
        print("NOT GOOD:\n" + "\n".join(f"  {line}" for line in wrong))  # noqa: T201
        return 1
    missing = f" {len(absent)} other files of the release are not here." if absent else ""
    print(f"Good: {len(good)} files are exactly as they were signed.{missing}")  # noqa: T201
    if not arguments.key:
        print("Compare the fingerprint with the one the sender gives you another way; it is the same every time.")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
