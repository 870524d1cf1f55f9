"""Secrets of the common kinds do not get through; ordinary code does."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from transloop_seeds.redaction import redact, secrets

# Made up, and cut apart so that no scanner takes this file for a leak.
AWS_ID = "AKIA" + "IOSFODNN7QX3MPLQ"
AWS_KEY = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYzz3MPL3K3Y"
GITHUB = "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"
GITHUB_FINE = "github_pat_" + "11ABCDEFG0abcdefghijkl_MNOPQRSTUVWXYZ"
SLACK = "xoxb-" + "123456789012-123456789012-AbCdEfGhIjKlMnOpQrStUvWx"
JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0."
    "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
)
STRIPE = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
GOOGLE = "AIza" + "SyA1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tU1v"
RANDOM = "rT7kQz9WvLp3Xb" + "N8sYd2MhGc5JtU6aEo"
HEX = "9f86d081884c7d659a2feaa0c55ad015" + "a3bf4f1b2b0b822cd15d6c15b0f00a08"
BODY = "MIIEpAIBAAKCAQEA75gR1nDRj0u9wFJp"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\nshort==\n-----END RSA PRIVATE KEY-----"

SECRETS = {
    "AWS key id": (f'KEY = "{AWS_ID}"', [AWS_ID]),
    "AWS secret": (f'aws_secret_access_key = "{AWS_KEY}"', [AWS_KEY]),
    "private key block": (f'key = """{PEM}"""', [BODY, "short=="]),
    "private key in one string": (
        f'key = "-----BEGIN PRIVATE KEY-----\\n{BODY}\\nabcd\\n-----END PRIVATE KEY-----"',
        [BODY, "abcd"],
    ),
    "private key that is cut off": (f'key = "-----BEGIN PRIVATE KEY-----\n{BODY}', [BODY]),
    "GitHub token": (f"const t = '{GITHUB}';", [GITHUB]),
    "GitHub fine-grained token": (f"# {GITHUB_FINE}", [GITHUB_FINE]),
    "Slack token": (f'post("{SLACK}")', [SLACK]),
    "JWT": (f'headers = {{"Authorization": "Bearer {JWT}"}}', [JWT]),
    "JWT alone": (f"// {JWT}", [JWT, JWT.rsplit(".", 1)[1]]),
    "Stripe key": (f"key = '{STRIPE}'", [STRIPE]),
    "Google key": (f"key={GOOGLE}", [GOOGLE]),
    "password": ('password = "hunter2"', ["hunter2"]),
    "password with a type": ('password: str = "hunter2"', ["hunter2"]),
    "TypeScript": ("const dbPassword: string = 'hunter2';", ["hunter2"]),
    "Go": ('dbPassword := "hunter2"', ["hunter2"]),
    "Java": ('private static final String PASSWORD = "hunter2";', ["hunter2"]),
    "C": ('char password[] = "hunter2";', ["hunter2"]),
    "Rust": ('let password: &\'static str = "hunter2";', ["hunter2"]),
    "bytes": ('secret = b"hunter2"', ["hunter2"]),
    "keyword argument": ('connect(user="me", password="hunter2")', ["hunter2"]),
    "comparison": ('if password == "hunter2":', ["hunter2"]),
    "mapping": ('{"password": "hunter2", "secret": "s3cr3tt"}', ["hunter2", "s3cr3tt"]),
    "connection string": ('connect("postgres://me:hunter2@db.local/x")', ["hunter2"]),
    "connection string by key": ('c = "Server=db;User Id=me;Password=hunter2;"', ["hunter2"]),
    "random string": (f'f("{RANDOM}")', [RANDOM]),
    "random hex": (f"f('{HEX}')", [HEX]),
}

ORDINARY = [
    "password = get_password()",
    'password = os.environ["PASSWORD"]',
    'if password == "":\n    raise ValueError("password is empty")',
    'def login(user: str, password: str = "") -> str:\n    return f"{user}:{password}"',
    'payload = {"password": password, "token": token}',
    'token = "NUMBER" if char.isdigit() else "NAME"',
    'letters = "abcdefghijklmnopqrstuvwxyz0123456789"',
    'digits = "0123456789abcdef"',
    'text = "The quick brown fox jumps over the lazy dog"',
    'url = "https://example.org/a/b?c=d"',
    'key = "name"\nvalue = row["primary_key"]',
    'url = f"postgres://{user}:{password}@{host}/x"',
    "x = 1234567890123456789012345678901234567890",
    'id = "123e4567-e89b-12d3-a456-426614174000"',
]


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_taken_out(kind: str) -> None:
    text, hidden = SECRETS[kind]
    redacted = redact({"code": text, "evidence": [hidden]})
    assert redacted.count >= 1
    for each in hidden:
        assert each not in redacted.plain["code"]
        assert each not in redacted.plain["evidence"]
    assert "REDACTED_" in redacted.plain["code"]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_code_stays_as_it_is(text: str) -> None:
    assert redact(text).plain == text


def test_a_secret_has_one_placeholder_everywhere() -> None:
    plain = redact({"python": f'f("{RANDOM}")', "java": f'f("{RANDOM}");', RANDOM: 1}).plain
    assert plain == {"python": 'f("REDACTED_1")', "java": 'f("REDACTED_1");', "REDACTED_1": 1}


def test_a_secret_that_only_one_side_gives_away_is_taken_out_of_both() -> None:
    plain = redact(['password = "swordfish9"', 'const p = "swordfish9";']).plain
    assert plain[1] == 'const p = "REDACTED_1";'


def test_several_are_told_apart() -> None:
    redacted = redact(f'a("{RANDOM}")\nb("{HEX}")')
    assert redacted.count == 2
    assert {"REDACTED_1", "REDACTED_2"} == {
        word for word in ("REDACTED_1", "REDACTED_2") if word in redacted.plain
    }


def test_a_short_password_is_not_cut_out_of_other_words() -> None:
    plain = redact('password = "yes"\neyes = "yes"').plain
    assert plain == 'password = "REDACTED_1"\neyes = "REDACTED_1"'


def test_what_is_no_text_stays() -> None:
    plain = {"a": [1, 2.5, None, True], "b": {"c": []}}
    assert redact(plain).plain == plain


def test_redacting_again_changes_nothing() -> None:
    once = redact([text for text, _ in SECRETS.values()])
    again = redact(once.plain)
    assert (again.plain, again.count) == (once.plain, 0)


@pytest.mark.parametrize(
    "text",
    [
        "x = '" + "a=b" * 30_000 + "'",
        "password" * 1_500,
        "'" * 20_000,
        "pwd:" * 8_000,
        '"\\' * 9_000,
    ],
    ids=["long string", "words", "quotes", "colons", "escapes"],
)
def test_odd_text_takes_no_odd_time(text: str) -> None:
    began = time.process_time()
    secrets(text)
    assert time.process_time() - began < 5


def test_no_network_is_asked_whether_a_secret_is_valid() -> None:
    program = (
        "import socket\n"
        "def refuse(*a, **k): raise AssertionError('network')\n"
        "socket.socket.connect = refuse\n"
        "from transloop_seeds.redaction import redact\n"
        f'print(redact(\'key = "{AWS_ID}" + "{SLACK}"\').count)'
    )
    shown = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "2\n"
