"""The smallest parts of rubric files: names, languages, texts and phrases by language; and what every larger part is: frozen, closed, strict."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from qa_pipeline.languages.load import is_language, language_codes


class _Language:
    """A code that a folder of languages/ has. Looked up when a rubric is read; a list of them in the JSON Schema for editors."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_known_language)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"enum": list(language_codes()), "type": "string"}


def _known_language(code: object) -> str:
    if isinstance(code, str) and is_language(code):
        return code
    *others, last = (repr(known) for known in language_codes())
    raise PydanticKnownError("literal_error", {"expected": f"{', '.join(others)} or {last}"})


Language = Annotated[str, _Language()]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
# How a question can be answered: also numbers (1–10).
AnswerName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,63}$")]
PhraseLists = dict[Language, tuple[str, ...]]
Texts = dict[Language, str]
Location = tuple[str | int, ...]
"""Keys and indexes that lead to a place in a file."""


class Part(BaseModel):
    """A part of a rubric file. An unknown key is a fault, and nothing is converted."""

    # Built when first used: most parts are used inside a rubric only.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)
