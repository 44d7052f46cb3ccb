"""Tests of what inverters are told and what they tell."""
