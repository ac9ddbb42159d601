"""What Backstage's API is answered from."""
