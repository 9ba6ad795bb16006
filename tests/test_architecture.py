"""The shape of the house: who may know whom, how long a module may be, what names say, who is tested."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src"
LONGEST_MODULE = 500

# What each part may import beside itself; dependencies point down only.
PARTS: dict[str, set[str]] = {
    "voltyard.protocol": set(),
    "voltyard.charging": {"voltyard.protocol"},
    "voltyard.transport": {"voltyard.protocol"},
    "voltyard.chargepoint": {"voltyard.protocol", "voltyard.charging", "voltyard.transport"},
    "voltyard.central": {"voltyard.protocol", "voltyard.charging", "voltyard.transport"},
    "voltyard.cli": {"voltyard.protocol", "voltyard.transport", "voltyard.central", "voltyard.chargepoint"},
}
# Inside of the central system: services know ports, not sockets, SQL or HTTP. Storage implements the ports,
# the gateway and the API are edges, and only the composition root sees all.
CENTRAL_PARTS: dict[str, set[str]] = {
    "instants": set(),
    "recent": set(),
    "secret": set(),
    "attempts": {"recent"},
    "credentials": {"recent", "secret"},
    "settings": {"secret"},
    "settings_sources": {"secret", "settings"},
    "services": {"instants"},
    "bus": {"services"},
    "storage": {"credentials", "instants", "secret", "services"},
    "maintenance": {"instants", "services", "storage"},
    "gateway": {"attempts", "bus", "credentials", "instants", "services", "settings", "storage"},
    "operations": {
        "attempts",
        "bus",
        "credentials",
        "gateway",
        "instants",
        "recent",
        "services",
        "settings",
        "storage",
    },
    "api": {"credentials", "instants", "operations", "services", "settings", "storage"},
    "app": {
        "api",
        "bus",
        "credentials",
        "gateway",
        "instants",
        "maintenance",
        "operations",
        "services",
        "settings",
        "storage",
    },
}
# Where a part may know only some modules of another.
NARROW: dict[tuple[str, str], set[str]] = {
    ("voltyard.central.services", "voltyard.transport"): set(),
    ("voltyard.central.storage", "voltyard.transport"): {"voltyard.transport.errors"},
    ("voltyard.central.api", "voltyard.central.storage"): {
        "voltyard.central.storage.errors",
        # What a list may be filtered by is a value.
        "voltyard.central.storage.queries.messages",
        "voltyard.central.storage.queries.transactions",
    },
    ("voltyard.central.api", "voltyard.transport"): set(),
}

# Computing what should happen is apart from making it happen.
EFFECTS = {
    *("asyncio", "socket", "ssl", "sqlite3", "time", "logging", "structlog", "threading", "concurrent"),
    *("random", "secrets", "uuid", "os", "pathlib", "subprocess", "websockets", "sqlalchemy", "litestar"),
}
PURE = {
    "voltyard.protocol": EFFECTS,
    "voltyard.charging": EFFECTS,
    "voltyard.central.services": EFFECTS - {"uuid"},
}
IMPURE_CALLS = {"open", "print", "input", "now", "utcnow", "today", "getLogger"}
# SQL only in storage, HTTP only in the API, WebSockets only in transport.
HOMES = {
    "sqlalchemy": ("voltyard.central.storage",),
    "alembic": ("voltyard.central.storage",),
    "psycopg": ("voltyard.central.storage",),
    "sqlite3": ("voltyard.central.storage", "voltyard.chargepoint"),
    "litestar": ("voltyard.central.api", "voltyard.chargepoint.control"),
    "uvicorn": ("voltyard.central.api", "voltyard.chargepoint.control"),
    "websockets": ("voltyard.transport",),
    "click": ("voltyard.cli",),
    "rich_click": ("voltyard.cli",),
}

FORBIDDEN_WORDS = {
    "Manager",
    "Helper",
    "Helpers",
    "Util",
    "Utils",
    "Common",
    "Base",
    "Impl",
    "Data",
    "Info",
    "Processor",
}
# The specification's own names.
SPECIFIED = re.compile(r"AuthorizationData|DataTransfer|HashData|IdTagInfo|SignedData")

# Modules that are proved by the tests of another one, and why.
TESTED_BY = {
    # They only declare: whoever uses them is what can be wrong.
    "central/services/errors.py": "central/services/test_commands.py",
    "central/services/events.py": "central/test_bus.py",
    "central/services/origin.py": "central/services/test_transactions.py",
    "central/services/ports.py": "central/storage/test_work.py",
    "central/services/records.py": "central/storage/stores/test_transactions.py",
    "central/storage/errors.py": "central/storage/test_database.py",
    # They are what the API can do, and are proven through it.
    "central/api/metrics.py": "central/api/routes/test_health.py",
    "central/api/routes/parameters.py": "central/api/routes/test_transactions.py",
    "central/operations/charge_points.py": "central/api/routes/test_charge_points.py",
    "central/operations/commands.py": "central/api/routes/test_commands.py",
    "central/operations/events.py": "central/api/routes/test_events.py",
    "central/operations/evidence.py": "central/api/routes/test_evidence.py",
    "central/operations/health.py": "central/api/routes/test_health.py",
    "central/operations/id_tags.py": "central/api/routes/test_id_tags.py",
    "central/operations/operations.py": "central/api/test_server.py",
    "central/operations/requests.py": "central/api/test_requests.py",
    "central/operations/transactions.py": "central/api/routes/test_transactions.py",
    "central/operations/views.py": "central/api/routes/test_charge_points.py",
    # It declares what the sessions share.
    "chargepoint/surroundings.py": "chargepoint/test_connectors.py",
    # It is what the control API shows.
    "chargepoint/control/views.py": "chargepoint/control/test_routes.py",
    # A scenario as a value is what reading makes of a file; what it is played on is seen when it is.
    "chargepoint/scenario/errors.py": "chargepoint/scenario/test_reading.py",
    "chargepoint/scenario/scenario.py": "chargepoint/scenario/test_reading.py",
    "chargepoint/scenario/stage.py": "chargepoint/scenario/test_runner.py",
    "chargepoint/scenario/steps.py": "chargepoint/scenario/test_reading.py",
    "chargepoint/scenario/verdict.py": "chargepoint/scenario/test_runner.py",
    # The commands hand on to a module beside them, which imports what is heavy.
    "cli/demo.py": "cli/test_demonstrating.py",
    "cli/scenario.py": "cli/test_playing.py",
    "cli/serve.py": "cli/test_serving.py",
    "cli/storage.py": "cli/test_key.py",
    # The schema and its revisions are held against each other.
    "central/storage/schema.py": "central/storage/migrations/test_migrations.py",
    "central/storage/migrations/__init__.py": "central/storage/migrations/test_migrations.py",
    "central/storage/migrations/env.py": "central/storage/migrations/test_migrations.py",
    "central/storage/migrations/versions/revision_0001.py": "central/storage/migrations/test_migrations.py",
}


@cache
def modules() -> dict[str, Path]:
    """All modules by name."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(modules()[name].read_text(encoding="utf-8"))


@cache
def imports(name: str) -> frozenset[str]:
    """What a module imports, at its top or anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(tree(name)):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=module, level=level, names=names):
                assert level == 0, f"{name} imports relatively"
                assert module is not None
                # A module may be imported out of its package, or a name out of a module.
                found |= {
                    full if (full := f"{module}.{alias.name}") in modules() else module for alias in names
                }
    return frozenset(found)


def belongs_to(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")


def own(name: str) -> Iterator[str]:
    """What a module imports of the package itself."""
    return (imported for imported in imports(name) if belongs_to(imported, "voltyard"))


def in_part(part: str) -> list[str]:
    return [name for name in modules() if belongs_to(name, part)]


def test_every_module_belongs_to_a_known_part() -> None:
    known = {"voltyard", "voltyard.central", *PARTS, *(f"voltyard.central.{part}" for part in CENTRAL_PARTS)}
    known -= {"voltyard.central"}

    strangers = [
        name
        for name in modules()
        if name not in {"voltyard", "voltyard.central", "voltyard.__main__"}
        and not any(belongs_to(name, part) for part in known if part != "voltyard")
    ]

    assert strangers == []


@pytest.mark.parametrize("part", PARTS)
def test_dependencies_point_down(part: str) -> None:
    upwards = [
        (name, imported)
        for name in in_part(part)
        for imported in own(name)
        if not any(belongs_to(imported, allowed) for allowed in {part, *PARTS[part]})
    ]

    assert upwards == []


@pytest.mark.parametrize("part", CENTRAL_PARTS)
def test_dependencies_inside_of_the_central_system_point_down(part: str) -> None:
    allowed = {f"voltyard.central.{other}" for other in {part, *CENTRAL_PARTS[part]}}

    upwards = [
        (name, imported)
        for name in in_part(f"voltyard.central.{part}")
        for imported in own(name)
        if belongs_to(imported, "voltyard.central") and not any(belongs_to(imported, one) for one in allowed)
    ]

    assert upwards == []


@pytest.mark.parametrize(("part", "other"), NARROW)
def test_some_parts_know_only_a_little_of_others(part: str, other: str) -> None:
    known = {imported for name in in_part(part) for imported in own(name) if belongs_to(imported, other)}

    assert known <= NARROW[part, other]


def test_only_the_composition_root_sees_all_edges() -> None:
    edges = ("voltyard.central.api", "voltyard.central.gateway", "voltyard.central.storage")

    seeing = {
        name
        for name in in_part("voltyard.central")
        if all(any(belongs_to(imported, edge) for imported in own(name)) for edge in edges)
    }

    assert seeing == {"voltyard.central.app"}


@pytest.mark.parametrize("part", PURE)
def test_what_is_pure_has_no_effects(part: str) -> None:
    impure = [
        (name, imported)
        for name in in_part(part)
        for imported in imports(name)
        if imported.partition(".")[0] in PURE[part]
    ]
    calls = [
        (name, called)
        for name in in_part(part)
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Call) and (called := _called(node.func)) in IMPURE_CALLS
    ]

    assert impure == []
    assert calls == []


@pytest.mark.parametrize("package", HOMES)
def test_what_comes_from_outside_is_used_in_one_place(package: str) -> None:
    strays = [
        name
        for name in modules()
        if any(belongs_to(imported, package) for imported in imports(name))
        and not any(belongs_to(name, home) for home in HOMES[package])
    ]

    assert strays == []


def test_no_module_is_too_long() -> None:
    too_long = {
        name: length
        for name, path in modules().items()
        if (length := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_MODULE
    }

    assert too_long == {}


def test_every_module_says_in_its_first_line_what_it_is_about() -> None:
    silent = [
        name
        for name in modules()
        if not re.match(r"\S.*[.:;,]?\S", (ast.get_docstring(tree(name)) or "").partition("\n")[0])
    ]

    assert silent == []


def test_no_class_has_a_name_that_says_nothing() -> None:
    meaningless = [
        (name, node.name)
        for name in modules()
        for node in ast.walk(tree(name))
        if isinstance(node, ast.ClassDef)
        and not FORBIDDEN_WORDS.isdisjoint(re.findall("[A-Z][a-z0-9]*", SPECIFIED.sub("", node.name)))
    ]

    assert meaningless == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    words = {word.lower() for word in FORBIDDEN_WORDS}

    meaningless = [
        name
        for name in modules()
        if not words.isdisjoint(name.rpartition(".")[2].split("_"))
        and name != "voltyard.protocol.messages.common"
    ]

    assert meaningless == []


def test_packages_only_re_export() -> None:
    busy = [
        name
        for name, path in modules().items()
        if path.name == "__init__.py"
        and str(path.relative_to(SOURCE / "voltyard")) not in TESTED_BY
        and any(
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            for node in tree(name).body
        )
    ]

    assert busy == []


def test_every_module_has_its_tests() -> None:
    untested = []
    for path in modules().values():
        relative = path.relative_to(SOURCE / "voltyard")
        mapped = TESTED_BY.get(str(relative))
        if mapped is not None:
            assert (TESTS / mapped).exists(), mapped
        elif path.name != "__init__.py" and not (TESTS / relative.with_name(f"test_{path.name}")).exists():
            untested.append(str(relative))

    assert untested == []


def test_modules_that_others_prove_exist_and_have_no_tests_of_their_own() -> None:
    for source in TESTED_BY:
        path = SOURCE / "voltyard" / source
        assert path.exists(), source
        assert not (TESTS / source).with_name(f"test_{path.name}").exists(), source


def _called(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
