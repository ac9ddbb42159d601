"""The house rules that code can check."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from portal.infra.resources import find_resource
from portal.settings import PREFIX, Settings
from portal.settings.providers import ProviderSettings
from portal.web.markers import get_label

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "portal").rglob("*.py"))
COMMITTERS = {"portal/infra/db.py", "portal/web/unit.py", "portal/infra/migrate.py"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_module_is_longer_than_300_lines():
    files = [*MODULES, *(ROOT / "tests").rglob("*.py")]
    assert not [name_of(path) for path in files if len(path.read_text("utf-8").splitlines()) > 300]


def test_nothing_is_imported_inside_a_function():
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found += [
                    f"{name_of(path)}:{inner.lineno}"
                    for inner in ast.walk(node)
                    if isinstance(inner, ast.Import | ast.ImportFrom)
                ]
    assert not found


def find_in_code(pattern: str) -> set[str]:
    return {name_of(path) for path in MODULES if re.search(pattern, path.read_text("utf-8"))}


def test_only_entry_points_commit():
    assert find_in_code(r"\.commit\(") <= COMMITTERS


def test_the_clock_is_read_in_one_place():
    assert find_in_code(r"datetime\.(now|utcnow)\(|date\.today\(") == {"portal/infra/clock.py"}


def test_the_environment_is_read_in_one_place():
    assert find_in_code(r"os\.(environ|getenv)") == {"portal/settings/__init__.py"}


def test_nothing_calls_out_but_the_guarded_client():
    found = find_in_code(
        r"(?m)^(import|from) (requests|urllib3|http\.client|urllib\.request)\b|\burlopen\("
        r"|\brequests\.(get|post|request|Session)\(|\bcreate_connection\("
    )
    assert found
    assert not [name for name in found if not name.startswith("portal/infra/outbound/")]


def test_every_view_states_a_permission(app):
    assert not [name for name, view in app.view_functions.items() if get_label(view) is None]


def test_every_url_parameter_is_typed(app):
    assert not [
        str(rule)
        for rule in app.url_map.iter_rules()
        for part in re.findall(r"<([^>]+)>", str(rule))
        if ":" not in part
    ]


def test_every_template_is_used():
    code = "\n".join(path.read_text("utf-8") for path in MODULES)
    folder = find_resource("templates")
    markup = "\n".join(path.read_text("utf-8") for path in folder.rglob("*.html"))
    unused = [
        name
        for path in folder.rglob("*.html")
        if not (name := path.relative_to(folder).as_posix()).startswith("ui/")
        and f'"{name}"' not in code + markup
    ]
    assert not unused


def test_no_template_holds_inline_code_or_style():
    for path in find_resource("templates").rglob("*.html"):
        assert not re.search(r"style=|\son\w+=|<script>|<style", path.read_text("utf-8")), path


def test_every_setting_is_documented():
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    fields = {PREFIX + name.upper(): field for name, field in Settings.model_fields.items()}
    del fields["PORTAL_PROVIDERS"]
    fields |= {
        f"PORTAL_OIDC_<NAME>_{name.upper()}": field
        for name, field in ProviderSettings.model_fields.items()
        if name != "name"
    }
    for name, field in fields.items():
        assert f"`{name}`" in text
        assert field.description in text


def test_every_api_route_is_in_openapi(app, client):
    paths = client.get("/api/v1/openapi.json").get_json()["paths"]
    routes = {
        re.sub(r"<\w+:(\w+)>", r"{\1}", str(rule))
        for rule in app.url_map.iter_rules()
        if str(rule).startswith("/api/v1/") and not str(rule).endswith("openapi.json")
    }
    assert routes == set(paths)
