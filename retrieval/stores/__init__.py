"""Stores of vectors with payloads behind one interface."""

from retrieval.stores.base import Hit, Payload, Record, Store, StoreSpec

__all__ = ["Hit", "Payload", "Record", "Store", "StoreSpec"]
