"""The real sandbox, one for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from transloop_sandbox.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as started:
        yield started
