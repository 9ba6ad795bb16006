"""The 78 payloads against the official schemas, corrected by the text."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import inspect
from msgspec.inspect import type_info
from tests.protocol import oracle

from voltyard.protocol.codec import PayloadDecoder, encode
from voltyard.protocol.errors import InvalidPayload
from voltyard.protocol.payload import Payload, Tenths

bounded = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow],
)
of_every_payload = pytest.mark.parametrize("name", sorted(oracle.PAYLOADS))


def test_there_is_a_schema_for_every_payload_and_a_payload_for_every_schema() -> None:
    schemas = {path.stem for path in oracle.DIRECTORY.glob("*.json")}

    assert len(schemas) == 78, f"the official schemas are not in {oracle.DIRECTORY}"
    assert set(oracle.PAYLOADS) == schemas


@of_every_payload
def test_is_declared_as_its_schema_says(name: str) -> None:
    """R-063, R-064, R-077: fields, required ones, lengths, ranges and each member of each enumeration."""
    declared = _declaration(type_info(oracle.PAYLOADS[name]))

    assert declared == _essence(oracle.schema(name))


@of_every_payload
def test_what_the_schema_allows_is_read_and_written_back(name: str) -> None:
    """R-070, R-073, R-074, R-077."""
    decoder = PayloadDecoder(oracle.PAYLOADS[name])

    @settings(bounded, max_examples=30)
    @given(oracle.instances(name))
    def check(instance: oracle.Json) -> None:
        assert oracle.is_valid(name, instance)

        written = encode(decoder.strict(oracle.to_json(instance)))

        assert oracle.parsed_meaning(name, written) == oracle.meaning(name, instance)

    check()


@of_every_payload
def test_each_possible_defect_is_refused_with_its_code(name: str) -> None:
    """R-061, R-062, R-063, R-064, R-065, R-075, R-077, R-078."""
    decoder = PayloadDecoder(oracle.PAYLOADS[name])

    @settings(bounded, max_examples=2)
    @given(oracle.whole_instances(name))
    def check(instance: oracle.Json) -> None:
        for mutant in oracle.mutants(name, instance):
            assert not oracle.is_valid(name, mutant.instance), mutant.defect
            with pytest.raises(InvalidPayload) as refusal:
                decoder.strict(oracle.to_json(mutant.instance))
            assert refusal.value.code == mutant.code, mutant.defect

    check()


@of_every_payload
def test_the_verdict_on_dubious_instances_is_that_of_the_schema(name: str) -> None:
    decoder = PayloadDecoder(oracle.PAYLOADS[name])

    @settings(bounded, max_examples=40)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        instance = data.draw(oracle.dubious_instances(name))

        assert _is_read(decoder, instance) == oracle.is_valid(name, instance)

    check()


def _essence(node: oracle.Schema) -> oracle.Schema:
    """What a schema demands, without titles and noise."""
    match node["type"]:
        case "object":
            properties = {key: _essence(child) for key, child in node["properties"].items()}
            return {"properties": properties, "required": set(node.get("required", []))}
        case "array":
            return {"items": _essence(node["items"]), "minItems": node.get("minItems", 0)}
        case "string" if "enum" in node:
            return {"enum": set(node["enum"])}
        case "string":
            return {"format": node.get("format"), "maxLength": node.get("maxLength")}
        case "integer":
            return {"minimum": node["minimum"], "maximum": node["maximum"]}
        case plain:
            return {"type": plain}


def _declaration(info: inspect.Type) -> oracle.Schema:
    """What a payload class demands, in the same words."""
    match info:
        case inspect.StructType(fields=fields):
            properties = {field.encode_name: _declaration(field.type) for field in fields}
            return {"properties": properties, "required": {f.encode_name for f in fields if f.required}}
        case inspect.UnionType(types=(one, inspect.NoneType())):
            return _declaration(one)
        case inspect.VarTupleType(item_type=item, min_length=shortest):
            return {"items": _declaration(item), "minItems": shortest or 0}
        case inspect.EnumType(cls=members):
            return {"enum": {member.value for member in members}}
        case inspect.StrType(max_length=longest, pattern=pattern):
            return {"format": pattern and "uri", "maxLength": longest}
        case inspect.DateTimeType(tz=True):
            return {"format": "date-time", "maxLength": None}
        case inspect.IntType(ge=minimum, le=maximum):
            return {"minimum": minimum, "maximum": maximum}
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.CustomType(cls=custom) if custom is Tenths:
            return {"type": "number"}
        case _:
            raise AssertionError(f"no JSON for {info}")


def _is_read(decoder: PayloadDecoder[Payload], instance: oracle.Json) -> bool:
    try:
        decoder.strict(oracle.to_json(instance))
    except InvalidPayload:
        return False
    return True
