"""The OpenAPI document: the framework's account of the routes, made exact.

The framework knows the routes and their parameters. What bodies look like is taken from msgspec, which
reads them and therefore knows their bounds, and every refusal is a problem document.
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response, Stream
from msgspec import Struct, json
from msgspec.json import schema_components

from voltyard.central.api.problems import MEDIA_TYPE, Problem
from voltyard.central.api.roles import required_role

_REFERENCE = "#/components/schemas/{name}"
_SUCCESSES = {"200": "Here it is.", "201": "It has been created.", "204": "It is gone."}
_REFUSALS = {
    "400": "The request cannot be read.",
    "401": "The API key is missing or not valid.",
    "403": "The role of the API key does not allow this.",
    "404": "There is no such thing.",
    "409": "The present state does not allow this.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "The request asks for what cannot be.",
    "429": "Too many attempts.",
    "503": "The storage does not work.",
}
_OF_BODIES = ("409", "413", "415", "422")

Document = dict[str, Any]


def describe(app: Litestar) -> bytes:
    """Return the document of an application, as JSON."""
    document: Document = app.openapi_schema.to_schema()
    handlers = list(_described(app))
    types = {type_ for _, _, handler in handlers for type_ in (_answer(handler), _body(handler)) if type_}
    ordered = sorted(types | {Problem}, key=str)
    references, components = schema_components(ordered, ref_template=_REFERENCE)
    reference_of = dict(zip(ordered, references, strict=True))
    for component in components.values():
        component["description"] = _unwrapped(component.get("description", ""))
    theirs = document["components"]["schemas"]
    document["components"]["schemas"] = components
    document["info"]["description"] = _unwrapped(document["info"]["description"])
    for path, method, handler in handlers:
        operation = document["paths"][path][method.lower()]
        _name(operation, handler)
        if (body := _body(handler)) is not None:
            operation["requestBody"]["content"] = {"application/json": {"schema": reference_of[body]}}
        if (answer := _answer(handler)) is not None:
            success = operation["responses"][str(handler.status_code)]
            success["content"] = {"application/json": {"schema": reference_of[answer]}}
        operation["responses"] |= _refusals(path, method, handler, reference_of[Problem])
        operation["parameters"] = [_tidy(parameter, theirs) for parameter in operation.get("parameters", [])]
    return json.encode(document)


def _described(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.resolve_include_in_schema():
                for method in handler.http_methods:
                    yield route.path_format or "/", method, handler


def _answer(handler: HTTPRouteHandler) -> Any:
    """Return the type of a successful answer that is JSON."""
    returned = handler.parsed_fn_signature.return_type
    if returned.is_subclass_of((Response, Stream)):
        return None
    return None if returned.annotation is None or returned.annotation is type(None) else returned.annotation


def _body(handler: HTTPRouteHandler) -> type[Struct] | None:
    data = handler.parsed_fn_signature.parameters.get("data")
    return None if data is None else data.annotation


def _name(operation: Document, handler: HTTPRouteHandler) -> None:
    summary, _, description = cleandoc(handler.fn.__doc__ or "").partition("\n")
    operation["summary"] = summary
    operation["description"] = _unwrapped(description.strip())
    success = str(handler.status_code)
    operation["responses"][success]["description"] = _SUCCESSES[success]


def _unwrapped(text: str) -> str:
    """Return a docstring as paragraphs without the line breaks of the source."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in cleandoc(text).split("\n\n"))


def _refusals(path: str, method: str, handler: HTTPRouteHandler, reference: Document) -> Document:
    role = required_role(handler, method)
    names = ["503"] if path == "/readyz" else []
    if path not in {"/healthz", "/readyz"}:
        names += ["400", "503"]
    if role is not None:
        names += ["401", "403"]
    if "{" in path:
        names.append("404")
    if method in {"POST", "PUT", "PATCH"}:
        names += _OF_BODIES
    if path.endswith("/login"):
        names += ["401", "429"]
    return {
        name: {"description": _REFUSALS[name], "content": {MEDIA_TYPE: {"schema": reference}}}
        for name in sorted(names)
    }


def _tidy(parameter: Document, theirs: Document) -> Document:
    """Leave out what goes without saying: what stands in a URL is never null, and bounds are integers."""
    schema: Document = parameter["schema"]
    schema.pop("description", None)
    alternatives = [one for one in schema.pop("oneOf", []) if one != {"type": "null"}]
    if alternatives:
        schema = {**alternatives[0], **schema}
    if "$ref" in schema:
        enumeration = theirs[schema["$ref"].rpartition("/")[2]]
        schema = {"type": enumeration["type"], "enum": enumeration["enum"]}
    for bound in ("minimum", "maximum"):
        if bound in schema:
            schema[bound] = int(schema[bound])
    kept = ("name", "in", "required", "description")
    return {name: parameter[name] for name in kept if name in parameter} | {"schema": schema}
