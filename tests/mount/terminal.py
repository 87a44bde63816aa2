"""terminal.py LOG [key=TEXT|after=TEXT|type=FILE|echo=yes/no|...] -- COMMAND…: runs a command on a terminal of its own and plays a person.

Steps in order: wait=TEXT (until the terminal shows it), type=FILE (the file's text and Enter), send=HEX (bytes), echo=on|off (what the terminal must be
then), look=FILE (command line and environment of the process are appended there). What the terminal showed goes to LOG; the command's status is ours,
128 + N if signal N ended it. Secrets come from files, so that no command line has them."""
import os, pty, signal, sys, termios, time

log, rest = sys.argv[1], sys.argv[2:]
cut = rest.index("--")
steps, command = rest[:cut], rest[cut + 1:]
pid, fd = pty.fork()
if pid == 0:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # in the background of a script it is ignored
    os.execv(command[0], command)
signal.alarm(20)
shown = b""


def read():
    global shown
    try:
        got = os.read(fd, 4096)
    except OSError:
        return False
    shown += got
    return bool(got)


def end(status):
    open(log, "wb").write(shown)
    sys.exit(status)


for step in steps:
    key, value = step.split("=", 1)
    if key == "wait":
        while value.encode() not in shown:
            if not read():
                end(99)
        shown_until = len(shown)
    elif key == "type":
        os.write(fd, open(value, "rb").read().rstrip(b"\n") + b"\n")
    elif key == "send":
        os.write(fd, bytes.fromhex(value))
    elif key == "echo":
        for _ in range(500):  # the question may be seen before the terminal is set
            if bool(termios.tcgetattr(fd)[3] & termios.ECHO) == (value == "on"):
                break
            time.sleep(0.01)
        else:
            end(98)
    elif key == "look":
        with open(value, "ab") as out:
            for name in ("cmdline", "environ"):
                out.write(open("/proc/%d/%s" % (pid, name), "rb").read())
while read():
    pass
status = os.waitpid(pid, 0)[1]
end(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
