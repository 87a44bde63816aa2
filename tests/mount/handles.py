"""What an NFS server does: it remembers files by their handles, and opens those when the kernel may have forgotten the
files long ago. A handle leads to the very file or nowhere (ESTALE), never to another one.

handles.py MOUNTPOINT: takes the handles of all there is, has the kernel forget it, looks at it again in another order,
and opens them. Prints "COUNT the same, COUNT stale, COUNT another".
"""
import ctypes
import errno
import os
import sys

AT_FDCWD = -100
BYTES_MAX = 128  # MAX_HANDLE_SZ


class Handle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("data", ctypes.c_ubyte * BYTES_MAX)]


libc = ctypes.CDLL(None, use_errno=True)


def fail(path):
    code = ctypes.get_errno()
    raise OSError(code, os.strerror(code), path)


def take(path):
    handle, mount = Handle(bytes=BYTES_MAX), ctypes.c_int()
    if libc.name_to_handle_at(AT_FDCWD, os.fsencode(path), ctypes.byref(handle), ctypes.byref(mount), 0):
        fail(path)
    return handle


def inode(mount, handle):
    """Of the file that the handle leads to; None: it is stale."""
    file = libc.open_by_handle_at(mount, ctypes.byref(handle), os.O_PATH)
    if file < 0 and ctypes.get_errno() == errno.ESTALE:
        return None
    if file < 0:
        fail("a handle")
    try:
        return os.fstat(file).st_ino
    finally:
        os.close(file)


def paths(top):
    for dir, dirs, files in os.walk(top):
        for name in dirs + files:
            yield os.path.join(dir, name)


top = sys.argv[1]
mount = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
taken = [(take(path), os.lstat(path).st_ino) for path in paths(top)]
with open("/proc/sys/vm/drop_caches", "w") as drop:
    drop.write("2")
for path in reversed(list(paths(top))):
    os.lstat(path)
found = [(inode(mount, handle), ino) for handle, ino in taken]
same = sum(now == ino for now, ino in found)
stale = sum(now is None for now, _ in found)
print(f"{same} the same, {stale} stale, {len(found) - same - stale} another")
