"""What is said of a name that no setting has."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel


def no_such_setting(name: str, known: Collection[str]) -> str:
    """Return the sentence on ``name``: the one of ``known`` that may be meant, or where all are listed."""
    close = get_close_matches(name, known, n=1, cutoff=0.75)
    return f"no setting has this name; {f'{close[0]} has' if close else 'docs/configuration.md lists all'}"


def names_beside(place: Sequence[str | int], settings: type[BaseModel]) -> Collection[str]:
    """Return the names that settings have where ``place`` lies, such as ``("tenants", 0, "zonne")``."""
    model: type[BaseModel] | None = settings
    for part in place[:-1]:
        if isinstance(part, str) and model is not None:
            field = model.model_fields.get(part)
            model = _model_in(field.annotation) if field else None
    return model.model_fields.keys() if model is not None else ()


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a value holds: itself, one or none, or several."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for model in map(_model_in, get_args(annotation)) if model is not None), None)
