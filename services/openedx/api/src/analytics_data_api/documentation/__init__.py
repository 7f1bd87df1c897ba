"""What the API's own documentation says of it, as OpenAPI 3."""
