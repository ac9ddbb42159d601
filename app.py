"""WSGI entry: `app:app` for any server that wants one."""

from portal.factory.application import create_app
from portal.settings import load_settings

app = create_app(load_settings())
