"""The OpenAPI document and the structs it describes."""
