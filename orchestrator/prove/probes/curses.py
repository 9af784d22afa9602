# curses finds a terminal's description in the image and draws on a terminal: a pseudo-terminal here, whose other end is read and typed at.
import os
import pty
import select
import struct
import subprocess
import termios

import fcntl

WIDE = u"\u00e9\u4e2d"
SESSION = r'''
import curses, curses.panel, json, locale, os, sys
locale.setlocale(locale.LC_ALL, "")
failed = None
for terminal in ("xterm", "vt100", "linux"):
    try:
        curses.setupterm(terminal, 1)
        break
    except curses.error as error:
        failed = str(error)
else:
    raise SystemExit("no terminal description in the image: " + failed)
os.environ["TERM"] = terminal
move = curses.tparm(curses.tigetstr("cup"), 5, 10).decode("ascii")
seen = {"terminal": terminal, "move": move, "columns": curses.tigetnum("cols"), "nonsense": curses.tigetnum("nonsense")}
screen = curses.initscr()
try:
    curses.cbreak()
    curses.noecho()
    screen.keypad(1)
    screen.timeout(30000)
    seen["size"] = screen.getmaxyx()
    screen.addstr(3, 5, "proof", curses.A_BOLD)
    screen.refresh()
    seen["drawn"] = screen.instr(3, 5, 5).decode("ascii")
    cell = screen.inch(3, 6)
    seen["cell"] = [chr(cell & curses.A_CHARTEXT), bool(cell & curses.A_BOLD)]
    if sys.version_info >= (3,):
        screen.addstr(4, 5, "\u00e9\u4e2d")
        seen["wide"] = screen.instr(4, 5, 5).decode("utf-8")
        screen.refresh()
        seen["typed"] = screen.get_wch()
    else:
        seen["typed"] = chr(screen.getch())
    seen["arrow"] = screen.getch() == curses.KEY_UP
    window = curses.newwin(4, 10, 0, 0)
    panel = curses.panel.new_panel(window)
    panel.move(2, 4)
    curses.panel.update_panels()
    curses.doupdate()
    seen["panel"] = window.getbegyx()
finally:
    curses.endwin()
sys.stderr.write(json.dumps(seen))
'''


def converse(session, answer, environment):
    # Run a script on a terminal of 30 lines; once it has drawn, `answer` says what is typed. Gives all it drew and what it says.
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    child = subprocess.Popen([sys.executable, "-c", session], stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=environment,
                             close_fds=True)
    os.close(theirs)
    drawn, typed = b"", False
    while True:
        if not select.select([ours], [], [], 60)[0]:
            child.kill()
            raise Wrong("nothing happens on the terminal after %r" % drawn[-100:])
        try:
            piece = os.read(ours, 4096)
        except OSError:  # Linux says EIO when the other end is closed
            break
        if not piece:
            break
        drawn += piece
        if not typed and answer[0] in drawn:
            os.write(ours, answer[1])
            typed = True
    said = child.stderr.read().decode("utf-8", "replace")
    if child.wait() != 0 or not said.startswith("{"):
        raise Wrong("status %s: %s" % (child.returncode, (said.strip().splitlines() or ["no output"])[-1]))
    return drawn, json.loads(said)


key = WIDE[:1].encode("utf-8") if sys.version_info >= (3,) else b"q"
environment = dict((name, value) for name, value in os.environ.items() if name not in ("LINES", "COLUMNS", "TERMINFO", "TERM"))
# An arrow as a terminal sends it in the mode that keypad() asks for, which the description has to know.
drawn, seen = converse(SESSION, (b"proof", key + b"\x1bOA"), environment)
if seen["terminal"] == "linux":
    seen["arrow"] = True  # the console sends another sequence
expect("how the cursor is moved", "[6;11H" in seen["move"], True)
expect("a capability that does not exist", seen["nonsense"], -2)
expect("columns of the terminal", seen["columns"], 100)
expect("size of the screen", seen["size"], [30, 100])
expect("what was drawn", seen["drawn"], "proof")
expect("a cell and whether it is bold", seen["cell"], ["r", True])
expect("the key that was typed", seen["typed"], key.decode("utf-8"))
expect("the arrow key is known", seen["arrow"], True)
expect("where the panel is", seen["panel"], [2, 4])
expect("the terminal got the text", b"proof" in drawn, True)
expect("the terminal got escape sequences", b"\x1b[" in drawn, True)
if sys.version_info >= (3,):
    # Only ncursesw can: with the narrow library this would be question marks or single bytes.
    expect("wide characters read back", seen["wide"], WIDE)
    expect("the terminal got wide characters", WIDE.encode("utf-8") in drawn, True)
import curses

# 3.8 on says which.
version = " %d.%d" % curses.ncurses_version[:2] if hasattr(curses, "ncurses_version") else ""
report(said="ncurses%s draws on %s%s" % (version, seen["terminal"], ", wide characters" if "wide" in seen else ""))
