"""torch's format from before 1.6, written here: torch's own writer names and orders storages by their addresses."""

from __future__ import annotations

import io
import pickle
import struct
from typing import Any

import torch
from torch.storage import TypedStorage, UntypedStorage

_HEAD = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}})


def dump_older(content: Any) -> bytes:
    """`torch.save(content, _use_new_zipfile_serialization=False)`, the same bytes each time."""
    buffer = io.BytesIO()
    pickler = _Pickler(buffer)
    pickler.dump(content)
    keys = [key for key, _, _ in pickler.storages.values()]
    parts = [*(pickle.dumps(part, 2) for part in _HEAD), buffer.getvalue(), pickle.dumps(keys, 2)]
    for _, storage, size in pickler.storages.values():
        data = b"" if storage.device.type == "meta" else bytes(storage.tolist())
        parts.append(struct.pack("<q", len(data) // size) + data)
    return b"".join(parts)


class _Pickler(pickle.Pickler):
    """Puts numbers in the place of storages."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, 2)
        self.storages: dict[int, tuple[str, UntypedStorage, int]] = {}

    def persistent_id(self, value: Any) -> Any:
        if isinstance(value, TypedStorage):
            storage, kind, size = (
                value._untyped_storage,
                getattr(torch, value._pickle_storage_type()),
                value._element_size(),
            )
        elif isinstance(value, UntypedStorage):
            storage, kind, size = value, UntypedStorage, 1
        else:
            return None
        key, _, _ = self.storages.setdefault(storage._cdata, (str(len(self.storages)), storage, size))
        return "storage", kind, key, storage.device.type, storage.nbytes() // size, None
