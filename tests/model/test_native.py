"""What is asked of llama.cpp, whatever processor it was built for."""

from __future__ import annotations

import llama_cpp.llama_cpp as c
import pytest

from transloop_model.llama.native import without_amx


@pytest.mark.parametrize(
    ("said", "repacks"),
    [
        (b"CPU : AVX512 = 1 | AMX_INT8 = 1 | REPACK = 1 | ", False),
        (b"CPU : AVX512 = 1 | REPACK = 1 | ", True),
        (b"CPU : NEON = 1 | REPACK = 1 | ", True),
    ],
)
def test_weights_are_not_put_into_amx_tiles(
    said: bytes, repacks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(c, "llama_print_system_info", lambda: said)
    assert without_amx(c.llama_model_default_params()).use_extra_bufts is repacks
