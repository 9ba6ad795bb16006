"""Pages for people: where to go from the root, and the documentation of the API with its own assets."""

from __future__ import annotations

from importlib.resources import files

from litestar import Response, get

from voltyard.central.api.openapi import describe
from voltyard.central.api.requests import ApiRequest
from voltyard.central.api.roles import OPEN

# Nothing but what we serve ourselves, and no script or style in the page itself.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ASSETS = files("voltyard.central.api") / "assets"


@get("/", opt=OPEN, include_in_schema=False, media_type="text/html", sync_to_thread=False)
def get_root() -> Response[bytes]:
    """Show the way."""
    return _page("root.html", "text/html")


@get("/api/v1/docs", opt=OPEN, include_in_schema=False, media_type="text/html", sync_to_thread=False)
def get_docs() -> Response[bytes]:
    """Show the documentation; its script asks for a key and renders the OpenAPI document."""
    return _page("docs.html", "text/html")


@get("/api/v1/docs.js", opt=OPEN, include_in_schema=False, media_type="text/javascript", sync_to_thread=False)
def get_docs_script() -> Response[bytes]:
    """Serve the script of the documentation."""
    return _page("docs.js", "text/javascript")


@get("/api/v1/docs.css", opt=OPEN, include_in_schema=False, media_type="text/css", sync_to_thread=False)
def get_docs_style() -> Response[bytes]:
    """Serve the style of the documentation."""
    return _page("docs.css", "text/css")


@get("/api/v1/openapi.json", include_in_schema=False, sync_to_thread=True)
def get_openapi(request: ApiRequest) -> Response[bytes]:
    """Serve the OpenAPI document, which is made when it is first asked for."""
    state = request.app.state
    if "openapi" not in state:
        state["openapi"] = describe(request.app)
    return Response(state["openapi"], media_type="application/json")


def _page(name: str, media_type: str) -> Response[bytes]:
    return Response(
        (_ASSETS / name).read_bytes(), media_type=media_type, headers={"Content-Security-Policy": _POLICY}
    )


ROUTES = (get_root, get_docs, get_docs_script, get_docs_style, get_openapi)
