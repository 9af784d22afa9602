# GNU readline edits what is typed at a prompt: on a pseudo-terminal, with the cursor moved, a word completed and the history gone through.
import os
import pty
import readline
import select
import subprocess

HISTORY = "/tmp/readline-proof-history"
SESSION = r'''
import json, readline, sys
words = ["proofread", "proofing"]
def complete(text, state):
    found = [word for word in words if word.startswith(text)]
    return found[state] if state < len(found) else None
readline.set_completer(complete)
readline.set_completer_delims(" ")
readline.parse_and_bind("tab: complete")
ask = input if sys.version_info >= (3,) else raw_input
sys.stderr.write(json.dumps([ask("prompt%d>" % n) for n in range(4)] + [readline.get_current_history_length()]))
'''
# Control-A goes to the start of the line, a tab completes what only one word begins with, Control-P fetches the line before.
TYPED = [b"world\x01hello \r", b"x proofr\t\r", b"\x10\x10\r", b"\x10\x02\x02\x04\r"]
READ = ["hello world", "x proofread", "hello world", "hello word"]


def converse(session, typed, environment):
    # Answer each prompt; gives what the script says at the end.
    ours, theirs = pty.openpty()
    child = subprocess.Popen([sys.executable, "-c", session], stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=environment,
                             close_fds=True)
    os.close(theirs)
    shown, answered = b"", 0
    while True:
        if not select.select([ours], [], [], 60)[0]:
            child.kill()
            raise Wrong("nothing happens on the terminal after %r" % shown[-100:])
        try:
            piece = os.read(ours, 4096)
        except OSError:  # Linux says EIO when the other end is closed
            break
        if not piece:
            break
        shown += piece
        if answered < len(typed) and ("prompt%d>" % answered).encode("ascii") in shown:
            os.write(ours, typed[answered])
            answered += 1
    said = child.stderr.read().decode("utf-8", "replace")
    if child.wait() != 0 or not said.startswith("["):
        raise Wrong("status %s: %s" % (child.returncode, (said.strip().splitlines() or ["no output"])[-1]))
    return json.loads(said)


expect("the library", "libedit" in (readline.__doc__ or ""), False)
readline.clear_history()
for line in ("first", "second", "third"):
    readline.add_history(line)
readline.replace_history_item(1, "changed")
readline.remove_history_item(0)
expect("history", [readline.get_history_item(n + 1) for n in range(readline.get_current_history_length())], ["changed", "third"])
readline.write_history_file(HISTORY)
with open(HISTORY) as file:
    expect("history file", file.read(), "changed\nthird\n")
readline.clear_history()
expect("history once cleared", readline.get_current_history_length(), 0)
readline.read_history_file(HISTORY)
expect("history read", (readline.get_current_history_length(), readline.get_history_item(2)), (2, "third"))


def nothing(text, state):
    return None


readline.set_completer(nothing)
expect("completer", readline.get_completer(), nothing)
readline.set_completer_delims(" .")
expect("delimiters", readline.get_completer_delims(), " .")

environment = dict((name, value) for name, value in os.environ.items() if name not in ("LINES", "COLUMNS", "INPUTRC"))
environment["TERM"] = "dumb"
read = converse(SESSION, TYPED, environment)
expect("what was edited", read[:4], READ)
expect("lines in the history", read[4], 4)

version = getattr(readline, "_READLINE_RUNTIME_VERSION", 0)
report(said="readline %d.%d edits, completes and remembers lines" % (version >> 8, version & 255))
