"""Recipes: what to make of an image, as structs that check themselves."""
