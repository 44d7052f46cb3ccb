"""A pack made of physics, in a house, on a real link: for tests, benchmarks and a first look without hardware."""

from .faults import FAULTS, Fault, Place
from .host import VirtualHost
from .house import House
from .pack import VirtualPack, WriteRefusedError
from .server import VirtualServer
from .world import VirtualWorld

__all__ = [
    "FAULTS",
    "Fault",
    "House",
    "Place",
    "VirtualHost",
    "VirtualPack",
    "VirtualServer",
    "VirtualWorld",
    "WriteRefusedError",
]
