"""Blueprints that users import, lived through."""
