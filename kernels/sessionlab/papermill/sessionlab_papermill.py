"""Parameters of papermill for TypeScript cells: `papermill in.ipynb out.ipynb -p epochs 3`.

Papermill loads what is named under its entry point "papermill.engine" when it starts, and has none for translators: this
module registers one and names papermill's own engine.
"""
import json
import math
import re

from papermill.engines import NBClientEngine as Engine
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators

__all__ = ["Engine", "TypeScriptTranslator"]


class TypeScriptTranslator(Translator):
    """Values as TypeScript. The kernel gives a name that the parameters cell declares the type it has there."""

    @classmethod
    def translate_none(cls, val):
        return "null"

    @classmethod
    def translate_str(cls, val):
        return json.dumps(val)

    @classmethod
    def translate_float(cls, val):
        if math.isfinite(val):
            return repr(val)
        return "NaN" if math.isnan(val) else "Infinity" if val > 0 else "-Infinity"

    @classmethod
    def translate_dict(cls, val):
        return "{ " + ", ".join(f"{json.dumps(str(key))}: {cls.translate(one)}" for key, one in val.items()) + " }"

    @classmethod
    def translate_list(cls, val):
        return "[" + ", ".join(cls.translate(one) for one in val) + "]"

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}"

    @classmethod
    def assign(cls, name, str_val):
        return f"let {name} = {str_val};"

    @classmethod
    def inspect(cls, parameters_cell):
        """For `papermill --help-notebook`: `let name: type = value; // help`."""
        line = re.compile(r"^\s*(?:let|const|var)\s+(\w+)\s*(?::\s*([^=]+?))?\s*=\s*(.+?);?\s*(?://\s*(.*))?$")
        found = (line.match(one) for one in parameters_cell["source"].splitlines())
        return [Parameter(name=one[1], inferred_type_name=one[2] or "None", default=one[3], help=one[4] or "") for one in found if one]


papermill_translators.register("typescript", TypeScriptTranslator)
