"""What `quick_python` starts: hands arguments, folder, environment and open files to the server, and ends as that says.

python client.py ADDRESS ARGUMENT...
"""

import json
import os
import signal
import socket
import sys
from contextlib import suppress


def passed() -> list[int]:
    """The open files that whoever started this process has passed to it, beside the three streams."""
    numbers = []
    for number in map(int, os.listdir("/dev/fd")):
        with suppress(OSError):  # that of the listing itself
            if number > 2 and os.get_inheritable(number):
                numbers.append(number)
    return numbers


with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    files = [0, 1, 2, *passed()]
    asked = json.dumps([files, sys.argv[2:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(asked).to_bytes(8, "big")], files)
    server.sendall(asked)
    for number in files[3:]:  # a pipe has its end when the worker has closed it
        os.close(number)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: server.send(bytes([number])))
    status = int(server.recv(16) or -signal.SIGKILL)
if status < 0:
    with suppress(OSError):  # of SIGKILL
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
os._exit(status)
