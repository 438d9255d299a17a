#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The VMM's side of kvm-htab-vm-socket(7), for scripts: the sibling of share-vm-fd.c. Requires Python 3.9.

    share_vm_fd.py SOCKET ORDER-MAX    lend an empty VM to one client, and print what has become of it

listen_at() once if can_offer(). Each time the VM's vCPUs have stopped, and a client has connected: lend_vm(). Only the
process that has created the VM can do that.
"""
import asyncio
import contextlib
import fcntl
import json
import os
import pathlib
import socket
import struct
import sys

# Numbers of ioctls are those on POWER.
KVM_CREATE_VM = 0x2000AE01
KVM_CHECK_EXTENSION = 0x2000AE03
KVM_ENABLE_CAP = 0x8068AEA3
KVM_PPC_GET_HTAB_INFO = 0x4040AEA7
KVM_CAP_PPC_HTAB_CTL = 4176
KVM_PPC_HTAB_CTL_OFFER = 4
KVM_PPC_HTAB_INFO_READY = 2

OTHER_BITS = 0  # that the VM has, such as KVM_PPC_HTAB_CTL_NOMOVE
TIMEOUT_S = 10  # how long a client may have the VM
ANSWER_MAX = 65536


def can_offer(vm_fd):
    """Whether the kernel takes offers. A stock kernel does not."""
    bits = fcntl.ioctl(vm_fd, KVM_CHECK_EXTENSION, KVM_CAP_PPC_HTAB_CTL)
    return bool(bits & KVM_PPC_HTAB_CTL_OFFER)


def set_ctl(vm_fd, bits, order_max=0):
    cap = struct.pack("=IIQQQQ64x", KVM_CAP_PPC_HTAB_CTL, 0,
                      bits | OTHER_BITS, order_max, 0, 0)
    fcntl.ioctl(vm_fd, KVM_ENABLE_CAP, cap)


def htab_info(vm_fd):
    """Return the order, and whether the guest's entries are there."""
    info = bytearray(64)
    fcntl.ioctl(vm_fd, KVM_PPC_GET_HTAB_INFO, info)
    order, _, flags = struct.unpack_from("=III", info)
    return order, bool(flags & KVM_PPC_HTAB_INFO_READY)


def listen_at(path):
    """Listen in a directory that only this VMM may enter."""
    if pathlib.Path(path).is_socket():
        os.unlink(path)  # a VMM that died has left it there
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(1)
    listener.setblocking(False)
    return listener


async def exchange(client, vm_fd):
    loop = asyncio.get_running_loop()
    client.setblocking(False)
    # one byte always fits into the buffer of a new socket
    socket.send_fds(client, [b"\0"], [vm_fd])
    answer = b""
    while b"\n" not in answer and len(answer) < ANSWER_MAX:
        received = await loop.sock_recv(client, ANSWER_MAX - len(answer))
        if not received:
            return None
        answer += received
    return json.loads(answer)


async def share_vm_fd(client, vm_fd):
    """Send the VM. Return the answer, for logs; None: none in time."""
    try:
        answer = await asyncio.wait_for(exchange(client, vm_fd), TIMEOUT_S)
    except (OSError, ValueError, RecursionError, asyncio.TimeoutError):
        return None
    return answer if isinstance(answer, dict) else None


async def lend_vm(client, vm_fd, order_max):
    """Lend the VM, whose vCPUs are stopped, to a client.

    Return its answer, the order now, and whether the guest can go on:
    if not, its table is empty, and it must be reset. An OSError comes
    from the offer, so that nothing has changed.
    """
    set_ctl(vm_fd, KVM_PPC_HTAB_CTL_OFFER, order_max)
    order, goes_on = None, False
    try:
        answer = await share_vm_fd(client, vm_fd)
    finally:
        with contextlib.suppress(OSError):
            # Waits for a client's request that is being handled.
            # Afterwards no client can change the table.
            set_ctl(vm_fd, 0)
            order, goes_on = htab_info(vm_fd)
    return answer, order, goes_on


async def serve_one(path, vm_fd, order_max):
    loop = asyncio.get_running_loop()
    with listen_at(path) as listener:
        client, _ = await loop.sock_accept(listener)
        os.unlink(path)
        with client:
            return await lend_vm(client, vm_fd, order_max)


def main():
    path, order_max = sys.argv[1], int(sys.argv[2])
    kvm = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    vm_fd = fcntl.ioctl(kvm, KVM_CREATE_VM, 0)
    if not can_offer(vm_fd):
        sys.exit("this kernel takes no offers")
    done = asyncio.run(serve_one(path, vm_fd, order_max))
    print(json.dumps(dict(zip(("answer", "order", "goes_on"), done))))


if __name__ == "__main__":
    main()
