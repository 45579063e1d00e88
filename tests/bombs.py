"""Headers that promise more than any machine holds."""

import struct


def _png_head(width, height):
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBBII", 13, b"IHDR", width, height, 8, 2, 0, 0, 0, 0, 0) + bytes(64)
    )


def _tiff_head(width, height):
    tags = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 200),
        (277, 3, 1),
        (278, 4, 1),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(400)


def _jpeg_head(width, height):
    frame = struct.pack(">BHHB", 8, height, width, 3) + bytes([1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])
    return b"\xff\xd8\xff\xc0" + struct.pack(">H", 2 + len(frame)) + frame + b"\xff\xda" + bytes(64)


def _exr_head(width, height):
    channel = b"".join(name + b"\0" + struct.pack("<iiii", 2, 0, 1, 1) for name in (b"B", b"G", b"R")) + b"\0"
    box = struct.pack("<4i", 0, 0, width - 1, height - 1)
    attributes = [(b"channels", b"chlist", channel), (b"dataWindow", b"box2i", box), (b"displayWindow", b"box2i", box)]
    body = b"".join(name + b"\0" + kind + b"\0" + struct.pack("<i", len(v)) + v for name, kind, v in attributes)
    return b"\x76\x2f\x31\x01\x02\0\0\0" + body + b"\0" + bytes(64)


BOMBS = {
    "png": _png_head(100_000, 100_000),
    "tiff": _tiff_head(100_000, 100_000),
    "jpeg": _jpeg_head(65_000, 65_000),
    "hdr": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 100000 +X 100000\n" + bytes(64),
    "exr": _exr_head(100_000, 100_000),
    "exr, window beyond 32 bit": _exr_head(2**31 - 1, 2**31 - 1).replace(
        bytes(8) + b"\xfe", b"\0\0\0\x80" * 2 + b"\xfe", 1
    ),
    "png, chunk of 2 GiB": _png_head(4, 4) + b"\x7f\xff\xff\xffIDAT" + bytes(64),
    "png, one row": _png_head(2**31 - 1, 1),
    "png, no pixel": _png_head(0, 4),
}
