"""Flask without any feature: templating, htmx, errors, protection, permission markers."""
