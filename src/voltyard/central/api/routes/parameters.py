"""What endpoints share: the operations, and the parameters of lists."""

from __future__ import annotations

from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import FromPath, PathParameter, QueryParameter, SkipValidation

from voltyard.central.operations import Operations
from voltyard.central.operations.cursors import DEFAULT_LIMIT, MAX_LIMIT, Span

Ops = NamedDependency[SkipValidation[Operations]]
Page = NamedDependency[SkipValidation[Span]]

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="How many items a page may have.")]
Cursor = Annotated[str | None, QueryParameter(description="The `next` of the page before.")]
Wait = Annotated[
    int,
    QueryParameter(ge=0, le=120, description="Seconds to wait for the end of the command."),
]
Name = FromPath[str]
Number = Annotated[int, PathParameter(ge=1, le=2**63 - 1)]
ChargePointFilter = Annotated[str | None, QueryParameter(description="Only of this charge point.")]


async def span(limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Span:
    """Return which page of a list is asked for."""
    return Span(limit, cursor)
