"""The seal of an adapter's file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest

from transloop_model.adapter import SEAL_KEY, UNSEALED, require_whole, seal
from transloop_settings.errors import AdapterRefused


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    path = tmp_path / "a.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string("transloop.metrics", "{}")
    writer.add_string(SEAL_KEY, UNSEALED)
    writer.add_tensor("x", np.arange(64, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    seal(path)
    return path


def test_a_sealed_file_is_whole_and_can_be_sealed_once_more(sealed: Path) -> None:
    require_whole(sealed)
    content = bytearray(sealed.read_bytes())
    assert UNSEALED.encode() not in content
    seal(sealed)
    assert sealed.read_bytes() == content


def test_every_bit_counts(sealed: Path) -> None:
    content = sealed.read_bytes()
    for place in range(0, len(content), 7):
        changed = bytearray(content)
        changed[place] ^= 1 << (place % 8)
        sealed.write_bytes(changed)
        with pytest.raises(AdapterRefused):
            require_whole(sealed)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-8]), "cut off"),
        (lambda path: path.write_bytes(path.read_bytes() + b"\0"), "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:40]), "not an adapter"),
        (lambda path: path.write_bytes(b""), "cannot be read"),
        (lambda path: path.unlink(), "cannot be read"),
    ],
)
def test_what_is_not_whole_is_refused_with_a_word_on_why(
    sealed: Path, change: Callable[[Path], object], word: str
) -> None:
    change(sealed)
    with pytest.raises(AdapterRefused, match=word) as refused:
        require_whole(sealed)
    assert "again" in str(refused.value)
