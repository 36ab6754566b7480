"""Holds replies against the schemas of a discovery document: the type and format of
every field, and no field that the document does not know."""

import re

DATE_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")


class Schemas:
    def __init__(self, document):
        self.schemas = document["schemas"]
        self.methods = {m["id"]: m for m in methods_of(document)}
        self.complaints = []
        self.checked = 0

    def check(self, schema, value, where=None):
        """Complains about everything in `value` that the schema named does not allow."""
        self._object(self.schemas[schema], value, where or schema)

    def fields_of(self, schema, depth=0):
        """Every field of a schema as a mask, each one alone: `a`, `a/b`."""
        return list(self._fields(self.schemas[schema], "", depth))

    def _fields(self, schema, prefix, depth):
        for name, field in schema.get("properties", {}).items():
            yield prefix + name
            inner = field.get("items", field)
            if "$ref" in inner:
                inner = self.schemas[inner["$ref"]]
            if depth > 0 and "properties" in inner:
                yield from self._fields(inner, f"{prefix}{name}/", depth - 1)

    def _object(self, schema, value, where):
        self.checked += 1
        if not isinstance(value, dict):
            return self._complain(where, "is no object", value)
        known = schema.get("properties", {})
        more = schema.get("additionalProperties")
        for name, inner in value.items():
            at = f"{where}.{name}"
            if name in known:
                self._value(known[name], inner, at)
            elif more is not None:
                self._value(more, inner, at)
            else:
                self._complain(at, "is unknown", inner)

    def _value(self, schema, value, where):
        if "$ref" in schema:
            return self._object(self.schemas[schema["$ref"]], value, where)
        kind, form = schema.get("type"), schema.get("format")
        if kind == "object":
            return self._object(schema, value, where)
        if kind == "array":
            if not isinstance(value, list):
                return self._complain(where, "is no array", value)
            for inner in value:
                self._value(schema["items"], inner, where + "[]")
            return None
        fits = {
            "string": lambda: isinstance(value, str),
            "boolean": lambda: isinstance(value, bool),
            "integer": lambda: isinstance(value, int) and not isinstance(value, bool),
            "number": lambda: isinstance(value, (int, float)) and not isinstance(value, bool),
        }[kind]()
        if fits and form in ("int64", "uint64"):
            fits = re.fullmatch(r"-?\d+", value) is not None
        if fits and form == "date-time":
            fits = DATE_TIME.match(value) is not None
        if fits and "enum" in schema:
            fits = value in schema["enum"]
        if not fits:
            self._complain(where, f"is no {kind} {form or ''}", value)
        return None

    def _complain(self, where, what, value):
        self.complaints.append(f"{where} {what}: {value!r}"[:200])


def methods_of(document):
    for resource in document.get("resources", {}).values():
        yield from resource.get("methods", {}).values()
        yield from methods_of(resource)
