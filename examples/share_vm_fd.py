#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The VMM's side of kvm-htab-vm-socket(7), for scripts: the sibling of share-vm-fd.c.

    share_vm_fd.py SOCKET FD    offer the VM of this inherited descriptor to one client, and print the answer

Each time the VM's vCPUs have stopped: offer_vm(), then share_vm_fd() with each client that connects.
"""
import asyncio
import fcntl
import json
import os
import socket
import struct
import sys

KVM_ENABLE_CAP = 0x8068AEA3  # on POWER; x86 has another number
KVM_CAP_PPC_HTAB_CTL = 4176
KVM_PPC_HTAB_CTL_OFFER = 4
TIMEOUT_S = 10


def offer_vm(vm_fd, order_max=0):
    """Let others change the table until the VM runs (0: any order)."""
    # add to the offer all other bits that the VM has, such as NOMOVE
    cap = struct.pack("=IIQQQQ64x", KVM_CAP_PPC_HTAB_CTL, 0,
                      KVM_PPC_HTAB_CTL_OFFER, order_max, 0, 0)
    fcntl.ioctl(vm_fd, KVM_ENABLE_CAP, cap)


async def share_vm_fd(client, vm_fd):
    """Send the VM to a client. Return its answer; None if it died."""
    loop = asyncio.get_running_loop()
    client.setblocking(False)
    answer = b""
    try:
        # one byte always fits into the buffer of a new socket
        socket.send_fds(client, [b"\0"], [vm_fd])
        while not answer.endswith(b"\n"):
            received = await loop.sock_recv(client, 65536)
            if not received:
                return None
            answer += received
    except ConnectionError:
        return None
    return json.loads(answer)


async def serve_one(path, vm_fd):
    """Send the VM to the next client of a socket at path."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        try:
            os.chmod(path, 0o600)  # who can connect gets the VM
            listener.listen(1)
            listener.setblocking(False)
            client, _ = await loop.sock_accept(listener)
            with client:
                answer = share_vm_fd(client, vm_fd)
                return await asyncio.wait_for(answer, TIMEOUT_S)
        finally:
            os.unlink(path)


def main():
    path, vm_fd = sys.argv[1], int(sys.argv[2])
    offer_vm(vm_fd)
    answer = asyncio.run(serve_one(path, vm_fd))
    json.dump(answer, sys.stdout)
    print()
    return answer["exit_status"] if answer else 1


if __name__ == "__main__":
    sys.exit(main())
