"""A prompt as token ids: the one way to them, for serving and for training."""

from __future__ import annotations

from collections.abc import Sequence

from transloop_model.engine import Message
from transloop_model.llama.native import Model
from transloop_model.prompt import ChatTemplate


class Tokens:
    """Renders prompts with a model's own chat template and splits them with its vocabulary."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.template = ChatTemplate(model.chat_template(), bos=model.bos, eos=model.eos)

    def of_prompt(self, messages: Sequence[Message], answer_prefix: str) -> list[int]:
        """The whole prompt; control tokens are read in the template's text only."""
        tokens: list[int] = []
        for i, segment in enumerate(self.template.render(messages, answer_prefix)):
            bos = i == 0 and self.model.adds_bos and not segment.has_bos
            tokens += self.model.tokenize(segment.text, special=segment.special, bos=bos)
        return tokens

    def of_answer(self, text: str) -> list[int]:
        """An answer behind its prefix, and the token that ends a turn."""
        return [*self.model.tokenize(text, special=False), self.model.eos_token]
