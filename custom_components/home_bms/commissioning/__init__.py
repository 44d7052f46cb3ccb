"""Commissioning of a pack, its drills and its self-test."""
