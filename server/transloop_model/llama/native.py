"""llama.cpp's C API as two small objects. Only the model's own process imports this."""

from __future__ import annotations

import ctypes
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import llama_cpp.llama_cpp as c
import numpy as np
from numpy.typing import NDArray

from transloop_model.engine import Sampling
from transloop_settings.errors import (
    AdapterRefused,
    EngineError,
    ModelCorrupt,
    ModelError,
    ModelUnsupported,
)

MAX_SEQUENCES = 17
"""One sequence keeps the prompt, the others are candidates."""

_log: deque[str] = deque(maxlen=40)


@c.llama_log_callback  # type: ignore[untyped-decorator]
def _keep_log(level: int, text: bytes, _user: object) -> None:
    """Warnings and errors go to stderr, whose tail the engine keeps as last words."""
    if level in (3, 4):  # warnings and errors
        line = text.decode("utf-8", "replace")
        _log.append(line)
        sys.stderr.write(line)


class Entry(NamedTuple):
    """One row of a batch: a token at its place in one sequence, or in several that are equal."""

    token: int
    position: int
    sequences: Sequence[int]
    logits: bool


class Model:
    """Weights and vocabulary, memory-mapped: several processes share the pages of one file."""

    def __init__(self, path: Path, *, vocabulary_only: bool = False) -> None:
        c.llama_log_set(_keep_log, ctypes.c_void_p(0))
        c.llama_backend_init()
        self.path = path
        parameters = without_amx(c.llama_model_default_params())
        parameters.vocab_only = vocabulary_only
        self.pointer = c.llama_model_load_from_file(str(path).encode(), parameters)
        if not self.pointer:
            raise _load_error(path)
        self.vocab = c.llama_model_get_vocab(self.pointer)
        self.vocab_size: int = c.llama_vocab_n_tokens(self.vocab)
        self.trained_context: int = c.llama_model_n_ctx_train(self.pointer)
        self.adds_bos = bool(c.llama_vocab_get_add_bos(self.vocab))
        self.bos = self._special_text(c.llama_vocab_bos(self.vocab))
        self.eos = self._special_text(c.llama_vocab_eos(self.vocab))
        self.eos_token: int = c.llama_vocab_eos(self.vocab)

    def metadata(self, key: str) -> str | None:
        """A string value of the GGUF header."""
        return _read_string(
            lambda buffer, size: c.llama_model_meta_val_str(
                self.pointer, key.encode(), buffer, size
            )
        )

    def chat_template(self) -> str:
        """The Jinja chat template of the GGUF file."""
        template = c.llama_model_chat_template(self.pointer, None)
        if not template:
            raise ModelUnsupported(
                f"{self.path.name} has no chat template.", "Use an instruction-tuned model."
            )
        return str(template.decode())

    def _special_text(self, token: int) -> str:
        """Text of a special token; empty where the model has none."""
        return "" if token < 0 else self.piece(token, special=True).decode("utf-8", "replace")

    def tokenize(self, text: str, *, special: bool, bos: bool = False) -> list[int]:
        """Tokens of `text`; `special` reads control tokens in it, as only templates may."""
        raw = text.encode()
        tokens = (c.llama_token * (len(raw) + 8))()
        count = c.llama_tokenize(self.vocab, raw, len(raw), tokens, len(tokens), bos, special)
        if count < 0:
            raise EngineError(f"The text of {len(raw)} bytes could not be split into tokens.")
        return list(tokens[:count])

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """UTF-8 bytes of a token; a character may be spread over several tokens."""
        for size in (64, 4096):
            buffer = ctypes.create_string_buffer(size)
            length = c.llama_token_to_piece(self.vocab, token, buffer, size, 0, special)
            if length >= 0:
                break
        return buffer.raw[:length]

    def is_end(self, token: int) -> bool:
        """Whether this token ends an answer."""
        return bool(c.llama_vocab_is_eog(self.vocab, token))

    def load_adapter(self, path: Path) -> Any:
        """A LoRA adapter for these weights, not yet applied."""
        adapter = c.llama_adapter_lora_init(self.pointer, str(path).encode())
        if not adapter:
            raise AdapterRefused(
                f"{path.name} is not an adapter for {self.path.name}: {_last_log()}",
                "Use one that was trained on this model.",
            )
        return adapter


class Context:
    """The KV memory and the computation, `size` cells shared by all sequences."""

    def __init__(self, model: Model, size: int, threads: int, batch: int) -> None:
        parameters = c.llama_context_default_params()
        parameters.n_ctx = size
        parameters.n_batch = batch
        parameters.n_ubatch = batch
        parameters.n_seq_max = parameters.n_outputs_max = MAX_SEQUENCES
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.kv_unified = True  # candidates share the cells of their common prefix
        parameters.no_perf = True
        self.model = model
        self.pointer = c.llama_init_from_model(model.pointer, parameters)
        if not self.pointer:
            raise EngineError(
                f"A context of {size} tokens could not be made: {_last_log()}",
                "Lower `engine.context`.",
            )
        self.size: int = c.llama_n_ctx(self.pointer)
        self.memory = c.llama_get_memory(self.pointer)
        self.batch_size = batch
        self._batch = c.llama_batch_init(batch, 0, MAX_SEQUENCES)
        self._abort = ctypes.create_string_buffer(b"0", 2)
        # atoi("0") is 0 and atoi("1") is 1: a C function that reads the flag. A Python callback
        # would take the interpreter's lock hundreds of times a token.
        libc = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
        self._callback = ctypes.cast(libc.atoi, c.ggml_abort_callback)
        c.llama_set_abort_callback(self.pointer, self._callback, self._abort)

    def abort(self, now: bool) -> None:
        """Make the running `decode` return early; may be called from another thread."""
        self._abort[0] = b"1" if now else b"0"

    def decode(self, entries: Sequence[Entry]) -> bool:
        """Run the entries as one batch; False if aborted."""
        batch = self._batch
        batch.n_tokens = len(entries)
        for i, entry in enumerate(entries):
            batch.token[i] = entry.token
            batch.pos[i] = entry.position
            batch.n_seq_id[i] = len(entry.sequences)
            for j, sequence in enumerate(entry.sequences):
                batch.seq_id[i][j] = sequence
            batch.logits[i] = entry.logits
        code = c.llama_decode(self.pointer, batch)
        if code not in (0, 2):
            raise EngineError(f"llama.cpp could not decode (code {code}): {_last_log()}")
        return bool(code == 0)

    def sample(self, sampler: Any, entry: int) -> int:
        """The next token after batch entry `entry`."""
        return int(c.llama_sampler_sample(sampler, self.pointer, entry))

    def logprob(self, entry: int, token: int) -> float:
        """Natural log-probability of `token` after batch entry `entry`, at temperature 1."""
        logits = self.logits(entry)
        peak = logits.max()
        return float(logits[token] - peak - np.log(np.exp(logits - peak).sum(dtype=np.float64)))

    def logits(self, entry: int) -> NDArray[np.float32]:
        """Logits after batch entry `entry`, one a token; valid until the next `decode`."""
        pointer = c.llama_get_logits_ith(self.pointer, entry)
        logits: NDArray[np.float32] = np.ctypeslib.as_array(pointer, (self.model.vocab_size,))
        return logits

    def keep(self, sequence: int, tokens: int) -> None:
        """Forget all of `sequence` behind its first `tokens`."""
        c.llama_memory_seq_rm(self.memory, sequence, tokens, -1)

    def share(self, source: int, target: int) -> None:
        """Let `target` continue `source` without copying its cells."""
        c.llama_memory_seq_cp(self.memory, source, target, -1, -1)

    def clear(self) -> None:
        """Forget every sequence."""
        c.llama_memory_clear(self.memory, False)

    def apply_adapter(self, adapter: Any | None, scale: float = 1.0) -> None:
        """Use `adapter`, or none. The KV memory was made by the old weights: it is cleared."""
        adapters = (c.llama_adapter_lora_p_ctypes * 1)(adapter) if adapter else None
        scales = (ctypes.c_float * 1)(scale) if adapter else None
        if c.llama_set_adapters_lora(self.pointer, adapters, 1 if adapter else 0, scales) != 0:
            raise AdapterRefused(f"The adapter could not be applied: {_last_log()}")
        self.clear()


def without_amx(parameters: Any) -> Any:
    """A model's parameters, changed where llama.cpp would compute with AMX tiles.

    GCC 12's `_tile_loadconfig` reads 64 bytes and declares 8 (amxtileintrin.h), so the optimizer
    drops the rest of llama.cpp's tile configuration and the processor refuses what is left: every
    model's process died at its first token (llama.cpp's issue 20824). A library does not say what
    built it, so no weights are repacked where it has AMX; the prompt was read no slower.
    """
    if b"AMX_INT8 = 1" in c.llama_print_system_info():
        parameters.use_extra_bufts = False
    return parameters


def new_sampler(sampling: Sampling) -> Any:
    """A llama.cpp sampler chain; free it with `free_sampler`."""
    chain = c.llama_sampler_chain_init(c.llama_sampler_chain_default_params())
    if sampling.temperature <= 0:
        c.llama_sampler_chain_add(chain, c.llama_sampler_init_greedy())
        return chain
    for link in (
        c.llama_sampler_init_top_k(sampling.top_k),
        c.llama_sampler_init_top_p(sampling.top_p, 1),
        c.llama_sampler_init_temp(sampling.temperature),
        c.llama_sampler_init_dist(sampling.seed),
    ):
        c.llama_sampler_chain_add(chain, link)
    return chain


def free_sampler(sampler: Any) -> None:
    """Release a sampler chain."""
    c.llama_sampler_free(sampler)


def free_adapter(adapter: Any) -> None:
    """Release an adapter that is no longer applied."""
    c.llama_adapter_lora_free(adapter)


def adapter_metadata(adapter: Any, key: str) -> str | None:
    """A string value of the adapter's GGUF header."""
    return _read_string(
        lambda buffer, size: c.llama_adapter_meta_val_str(adapter, key.encode(), buffer, size)
    )


def _read_string(read: Any) -> str | None:
    length = read(ctypes.create_string_buffer(1), 1)
    if length < 0:
        return None
    buffer = ctypes.create_string_buffer(length + 1)
    read(buffer, length + 1)
    return buffer.value.decode("utf-8", "replace")


def _last_log() -> str:
    return " ".join(line.strip() for line in list(_log)[-3:]) or "no reason given"


def _load_error(path: Path) -> ModelError:
    said = " ".join(line.strip() for line in _log)
    if "unknown model architecture" in said:
        return ModelUnsupported(
            f"llama.cpp does not know the architecture of {path.name}: {_last_log()}",
            "Choose another model (transloop models list) or update llama-cpp-python.",
        )
    return ModelCorrupt(
        f"{path.name} is not a complete GGUF file: {_last_log()}",
        "Check it with `transloop models verify`, or remove and pull it again.",
    )
