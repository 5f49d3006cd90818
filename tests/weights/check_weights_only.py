"""Compares a .pth with a .safetensors without torch: usage FILE.pth FILE.safetensors.

Unpickles the .pth under the rules of torch.load(weights_only=True): only its globals, protocol 2,
stored members whose payloads begin at multiples of 64 bytes.
"""

import collections
import json
import pickle
import pickletools
import struct
import sys
import zipfile

STORAGES = {
    "DoubleStorage": ("F64", 8), "FloatStorage": ("F32", 4), "HalfStorage": ("F16", 2),
    "BFloat16Storage": ("BF16", 2), "LongStorage": ("I64", 8), "IntStorage": ("I32", 4),
    "ShortStorage": ("I16", 2), "CharStorage": ("I8", 1), "ByteStorage": ("U8", 1),
    "BoolStorage": ("BOOL", 1),
}
OPCODES = {  # of torch/_weights_only_unpickler.py
    "PROTO", "STOP", "GLOBAL", "REDUCE", "BUILD", "APPEND", "APPENDS", "SETITEM", "SETITEMS",
    "MARK", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "NONE", "NEWFALSE", "NEWTRUE", "EMPTY_TUPLE",
    "EMPTY_LIST", "EMPTY_DICT", "BININT", "BININT1", "BININT2", "BINFLOAT", "BINUNICODE",
    "SHORT_BINSTRING", "BINPERSID", "BINGET", "LONG_BINGET", "BINPUT", "LONG_BINPUT", "LONG1",
}


def rebuild_tensor(storage, offset, size, stride, requires_grad, hooks):
    assert offset == 0 and requires_grad is False and hooks == collections.OrderedDict()
    expected, steps = 1, []
    for length in reversed(size):
        steps.insert(0, expected)
        expected *= max(length, 1)
    assert tuple(steps) == stride, (size, stride)
    return storage, size


class Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return rebuild_tensor
        if module == "torch" and name in STORAGES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")

    def persistent_load(self, identifier):
        word, storage, key, device, elements = identifier
        assert word == "storage" and device == "cpu"
        return storage, key, elements


def read_pth(path):
    archive = zipfile.ZipFile(path)
    assert archive.testzip() is None
    top = archive.namelist()[0].split("/")[0]
    raw = open(path, "rb").read()
    for member in archive.infolist():
        assert member.compress_type == zipfile.ZIP_STORED
        name, extra = struct.unpack_from("<HH", raw, member.header_offset + 26)
        assert (member.header_offset + 30 + name + extra) % 64 == 0, member.filename
    assert archive.read(f"{top}/byteorder") == b"little"
    assert archive.read(f"{top}/version").strip() == b"3"
    code = archive.read(f"{top}/data.pkl")
    assert {op.name for op, _, _ in pickletools.genops(code)} <= OPCODES
    state = Unpickler(archive.open(f"{top}/data.pkl")).load()
    assert type(state) is collections.OrderedDict
    tensors = {}
    for name, ((storage, key, elements), size) in state.items():
        kind, item = STORAGES[storage]
        payload = archive.read(f"{top}/data/{key}")
        assert len(payload) == elements * item
        tensors[name] = (kind, list(size), payload)
    return tensors


def read_safetensors(path):
    raw = open(path, "rb").read()
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8:8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = (entry["dtype"], entry["shape"], raw[8 + length + begin:8 + length + end])
    return tensors


ours, theirs = read_pth(sys.argv[1]), read_safetensors(sys.argv[2])
assert list(ours) == list(theirs)
for tensor_name in ours:
    assert ours[tensor_name] == theirs[tensor_name], tensor_name
assert ours
