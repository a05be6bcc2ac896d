"""Things that are found by their name, and that turn into plain dictionaries and back."""

from __future__ import annotations


def lookup(name: str, known: dict, what: str):
    """Return ``known[name]``.

    Raises:
        ValueError: names what came, the nearest known name, and all known names.
    """
    if isinstance(name, str) and name in known:
        return known[name]
    from difflib import get_close_matches

    near = get_close_matches(str(name).lower(), known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(f"unknown {what} {name!r}; {hint}known: {', '.join(sorted(known))}")


def get(identifier, known: dict, what: str):
    """Return what ``identifier`` stands for: a name, a class, a configuration, or the object itself."""
    if isinstance(identifier, str):
        identifier = lookup(identifier, known, what)
    if isinstance(identifier, dict):
        return deserialize(identifier, known, what)
    kinds = tuple(kind for kind in known.values() if isinstance(kind, type))
    if identifier in kinds:
        return identifier()
    if isinstance(identifier, kinds):
        return identifier
    raise ValueError(f"unknown {what} {identifier!r}; give an instance or one of: {', '.join(sorted(known))}")


class Configurable:
    """An object that its constructor's arguments describe; each is kept in an attribute of the same name."""

    def get_config(self) -> dict:
        """Return the constructor's arguments as plain values."""
        code = type(self).__init__.__code__
        names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
        return {name: serialize(getattr(self, name)) for name in names}

    @classmethod
    def from_config(cls, config: dict):
        """Return a new object made from what ``get_config`` gave."""
        return cls(**config)


def serialize(value):
    """Return ``value`` as something that JSON can hold; configurable objects become dictionaries."""
    if isinstance(value, Configurable):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if callable(value):
        return value.__name__
    return list(value) if isinstance(value, tuple) else value


def deserialize(config: dict, known: dict, what: str):
    """Return the object that ``serialize`` described; its class comes from ``known`` and nowhere else."""
    if not isinstance(config, dict) or set(config) != {"class_name", "config"}:
        raise ValueError(f"{what} expected {{'class_name': …, 'config': …}}, got {config!r}")
    return lookup(config["class_name"], known, what).from_config(config["config"])
