"""Every line that plugs something in, in reading order.

The web application is a module of its own: half of all imports, which only `portal serve` needs.
"""
