"""The catalog as Backstage's catalog API gives it, for clients written against that."""
