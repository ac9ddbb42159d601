"""The wheel runs by itself: no checkout beside it, no Node."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import requests

ROOT = Path(__file__).parents[2]
# Runs before anything is imported from the checkout's own path entry.
START = """
import sys
sys.path[:] = [wheel] + [p for p in sys.path if p not in ("", checkout)]
import portal
assert portal.__file__.startswith(wheel), portal.__file__
from portal.cli import main
sys.argv = ["portal", "serve"]
main()
"""


def test_wheel_serves_without_checkout_or_node(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    built = next(tmp_path.glob("*.whl"))
    wheel = tmp_path / "installed"
    with zipfile.ZipFile(built) as archive:
        archive.extractall(wheel)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = {
        "PATH": "/nowhere",
        "PORTAL_BIND": bind,
        "PORTAL_DATA_DIR": str(tmp_path / "data"),
        "PORTAL_LOG_LEVEL": "warning",
        "PORTAL_ANONYMOUS_READ": "1",
    }
    code = f"wheel, checkout = {str(wheel)!r}, {str(ROOT)!r}\n{START}"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environment)
    try:
        page = wait_for(f"http://{bind}/catalog")
        assert "Checkout" in page
        asset = re.search(r"/static/dist/app-[0-9a-f]+\.css", page)
        assert requests.get(f"http://{bind}{asset.group()}", timeout=5).status_code == 200
    finally:
        process.terminate()
        process.wait(timeout=15)


def wait_for(url: str) -> str:
    for _ in range(100):
        try:
            return requests.get(url, timeout=5).text
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError("the portal did not answer")
