"""Secrets are taken out of all text before it reaches the disk.

The detectors of `detect-secrets` are used without its scanner: that one holds its settings in a
global, stops at the first secret of a line, and could ask a service on the network whether a key is
valid. What the detectors miss in code is added here: the block of a private key, passwords beside a
type annotation, a token with all of its parts.

A secret becomes the same placeholder wherever it stands, in the source and in its translation, so
that the two still agree. No detector finds everything: a password that is an ordinary word in an
ordinary variable stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detect_secrets.plugins.high_entropy_strings import HighEntropyStringsPlugin

_PLACEHOLDER = "REDACTED_{}"
_LONGEST_LINE = 1000
"""Characters of a line that are looked at together; the detectors' patterns are slow on more."""
_OVERLAP = 200
_SHORT = 8
"""A secret of fewer characters is replaced as a word, not inside of other words."""

_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(.*?)(?:-----END [A-Z0-9 ]*-----|\Z)",
    re.DOTALL,
)
_WORDS = (
    r"pass(?:word|wd|phrase)|pwd|secret|(?:api|auth|access|private|client|account)_?key"
    r"|(?:auth|access|api|bearer|refresh)_?token"
)
_ASSIGNED = re.compile(
    # password: &'static str = "..."   password := "..."   char password[] = "..."   b"..."
    rf"(?:{_WORDS})\w{{0,40}}(?:\[\d*\])?[ \t]*(?::[^=\n\"`]{{0,60}})?:?=[ \t]*[fFrRbBuU@$]{{0,2}}"
    r"([\"'`])(?P<secret>(?!\1)(?:\\.|(?!\1)[^\\\n])+)\1",
    re.IGNORECASE,
)
_CONNECTION = re.compile(r"(?:password|pwd)\s*=\s*(?P<secret>[^;\s\"'`]{3,})", re.IGNORECASE)
"""Inside of a string, as in `Server=db;User=me;Password=hunter2`."""
_STRING = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`")
_TOKENS = re.compile(
    r"\b(?:Bearer|Basic)\s+(?P<named>[A-Za-z0-9+/_.~=-]{12,})"
    r"|\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"  # a JWT with its signature
    r"|\bgithub_pat_\w{22,}|\bAIza[\w-]{35}|\bsk-(?:ant|proj|live)-[\w-]{20,}"
)
_VARIABLE = re.compile(r"\$?\{[^}]*\}|%\w*|<[^>]*>|\*+")
"""What stands for a value that is filled in later is no secret."""


@dataclass(frozen=True)
class Redacted:
    """Plain JSON without secrets, and how many different ones it held."""

    plain: Any
    count: int


def redact(plain: Any) -> Redacted:
    """The same strings, lists and mappings, without secrets (keys of mappings included)."""
    found: dict[str, None] = {}
    for text in _texts(plain):
        found.update(dict.fromkeys(secrets(text)))
    longest_first = sorted(found, key=lambda each: (-len(each), each))
    names = {secret: _PLACEHOLDER.format(at) for at, secret in enumerate(longest_first, 1)}
    if not names:
        return Redacted(plain, 0)
    return Redacted(_replaced(plain, lambda text: _without(text, names)), len(names))


def secrets(text: str) -> list[str]:
    """The secrets in a text, each once."""
    return [each for each in dict.fromkeys(_scan(text)) if _real(each)]


def _scan(text: str) -> Iterator[str]:
    for block in _KEY_BLOCK.finditer(text):
        # Also cut apart, because a translation may break its lines elsewhere.
        yield block[1]
        yield from (line for line in re.split(r"\\n|[\s\"'+]+", block[1]) if len(line) >= 12)
    yield from (found["secret"] for found in _ASSIGNED.finditer(text))
    yield from (found["named"] or found[0] for found in _TOKENS.finditer(text))
    for string in _STRING.finditer(text):
        yield from (found["secret"] for found in _CONNECTION.finditer(string[0]))
    for line in _lines(text):
        yield from _known(line)
        yield from _random(line)


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if len(line) <= _LONGEST_LINE:
            yield line
            continue
        for at in range(0, len(line), _LONGEST_LINE - _OVERLAP):
            yield line[at : at + _LONGEST_LINE]


def _known(line: str) -> Iterator[str]:
    """By patterns of tokens, and of variables with a telling name."""
    for pattern, group in _patterns():
        for found in pattern.finditer(line):
            parts = (each for each in found.groups() if each) if group is None else (found[group],)
            yield max(parts, key=len, default=found[0]).strip(" \t=:\"'")


def _random(line: str) -> Iterator[str]:
    """Strings that look random."""
    from detect_secrets.filters.heuristic import (
        is_not_alphanumeric_string,
        is_potential_uuid,
        is_sequential_string,
    )

    for entropy in _entropies():
        for each in entropy.analyze_string(line):
            random = entropy.calculate_shannon_entropy(each) > entropy.entropy_limit
            plain = is_sequential_string(each) or is_potential_uuid(each)
            if random and not plain and not is_not_alphanumeric_string(each):
                yield each


def _real(secret: str) -> bool:
    """Is it a value at all, and not already a placeholder or a name in braces?"""
    bare = secret.strip()
    return len(bare) >= 3 and not _VARIABLE.fullmatch(bare) and "REDACTED_" not in bare


def _without(text: str, names: Mapping[str, str]) -> str:
    for secret, name in names.items():
        if len(secret) < _SHORT:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", name, text)
        else:
            text = text.replace(secret, name)
    return text


def _texts(plain: Any) -> Iterator[str]:
    match plain:
        case str():
            yield plain
        case Mapping():
            for key, value in plain.items():
                yield from _texts(key)
                yield from _texts(value)
        case Sequence():
            for each in plain:
                yield from _texts(each)


def _replaced(plain: Any, change: Callable[[str], str]) -> Any:
    match plain:
        case str():
            return change(plain)
        case Mapping():
            return {change(str(key)): _replaced(value, change) for key, value in plain.items()}
        case bytes():
            return plain
        case Sequence():
            return [_replaced(each, change) for each in plain]
    return plain


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], int | None], ...]:
    """Each with the group that holds the secret; None: the longest, or all where there is none.

    Left out are those for public IP addresses, which are no secret in code.
    """
    from detect_secrets.plugins import (
        artifactory,
        aws,
        azure_storage_key,
        basic_auth,
        cloudant,
        discord,
        github_token,
        gitlab_token,
        ibm_cloud_iam,
        ibm_cos_hmac,
        keyword,
        mailchimp,
        npm,
        openai,
        pypi_token,
        sendgrid,
        slack,
        softlayer,
        square_oauth,
        stripe,
        telegram_token,
        twilio,
    )

    with_secret_in_group = (
        artifactory.ArtifactoryDetector,
        aws.AWSKeyDetector,
        azure_storage_key.AzureStorageKeyDetector,
        basic_auth.BasicAuthDetector,
        cloudant.CloudantDetector,
        discord.DiscordBotTokenDetector,
        ibm_cloud_iam.IbmCloudIamDetector,
        ibm_cos_hmac.IbmCosHmacDetector,
        mailchimp.MailchimpDetector,
        npm.NpmDetector,
        openai.OpenAIDetector,
        pypi_token.PypiTokenDetector,
        sendgrid.SendGridDetector,
        slack.SlackDetector,
        softlayer.SoftlayerDetector,
        square_oauth.SquareOAuthDetector,
        stripe.StripeDetector,
        telegram_token.TelegramBotTokenDetector,
        twilio.TwilioKeyDetector,
    )
    whole = (github_token.GitHubTokenDetector, gitlab_token.GitLabTokenDetector)
    found = [(pattern, None) for each in with_secret_in_group for pattern in each.denylist]
    named = keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP.items()
    return (
        *found,
        *((pattern, 0) for each in whole for pattern in each.denylist),
        *named,
    )


@cache
def _entropies() -> tuple[HighEntropyStringsPlugin, ...]:
    from detect_secrets.plugins import high_entropy_strings

    return (
        high_entropy_strings.Base64HighEntropyString(),
        high_entropy_strings.HexHighEntropyString(),
    )
