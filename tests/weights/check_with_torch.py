"""Compares a .pth, read by torch itself, with a .safetensors: usage FILE.pth FILE.safetensors."""

import json
import struct
import sys

import torch

TYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
    "U8": torch.uint8, "BOOL": torch.bool,
}

raw = open(sys.argv[2], "rb").read()
(length,) = struct.unpack_from("<Q", raw)
header = json.loads(raw[8:8 + length])
for options in ({}, {"mmap": True}):
    state = torch.load(sys.argv[1], weights_only=True, **options)
    assert list(state) == [name for name in header if name != "__metadata__"]
    for name, tensor in state.items():
        begin, end = header[name]["data_offsets"]
        assert tensor.dtype == TYPES[header[name]["dtype"]] and list(tensor.shape) == header[name]["shape"], name
        found = bytes(tensor.contiguous().flatten().view(torch.uint8).tolist()) if end > begin else b""
        assert found == raw[8 + length + begin:8 + length + end], name
