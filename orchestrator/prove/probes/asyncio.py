# The event loop: timers, tasks, TCP both ways, child processes, signals and threads, with the selector that Linux has.
# The script is written once for two grammars: `async def` is an error in 3.4, `yield from` coroutines are gone from 3.11 on.
import asyncio
import os
import signal
import time

SOURCE = r'''
ASYNC def work(name, delay):
    AWAIT asyncio.sleep(delay)
    done.append(name)
    return name * 2


ASYNC def fail():
    AWAIT asyncio.sleep(0)
    raise KeyError("meant")


ASYNC def tasks():
    slow, quick = loop.create_task(work("slow", 0.03)), loop.create_task(work("quick", 0.001))
    results = AWAIT asyncio.gather(slow, quick)
    expect("results in the order asked for", list(results), ["slowslow", "quickquick"])
    expect("tasks in the order they end", done, ["quick", "slow"])
    try:
        AWAIT fail()
    except KeyError:
        done.append("failed")
    hanging = loop.create_task(work("never", 600))
    try:
        AWAIT asyncio.wait_for(hanging, 0.02)
    except asyncio.TimeoutError:
        done.append("timed out")
    AWAIT asyncio.wait([hanging])  # up to 3.6 wait_for does not wait until it is cancelled
    expect("how tasks end", (done[2:], hanging.cancelled()), (["failed", "timed out"], True))


ASYNC def timers():
    rung = []
    loop.call_later(0.02, rung.append, "later")
    loop.call_later(0.001, rung.append, "soon")
    loop.call_later(0.01, rung.append, "cancelled").cancel()
    loop.call_soon(rung.append, "now")
    AWAIT asyncio.sleep(0.06)
    expect("timers", rung, ["now", "soon", "later"])


ASYNC def echo(reader, writer):
    while True:
        line = AWAIT reader.readline()
        if not line:
            break
        writer.write(line.upper())
        AWAIT writer.drain()
    writer.close()


ASYNC def talk(port, lines):
    reader, writer = AWAIT asyncio.open_connection("127.0.0.1", port)
    answers = []
    for line in lines:
        writer.write(line)
        AWAIT writer.drain()
        answers.append((AWAIT reader.readline()))
    writer.write_eof()
    answers.append((AWAIT reader.read()))
    writer.close()
    return answers


ASYNC def network():
    server = AWAIT asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    clients = [loop.create_task(talk(port, [("client %d\n" % n).encode("ascii"), b"x" * 30000 + b"\n"])) for n in range(4)]
    answers = AWAIT asyncio.gather(*clients)
    expect("four clients", answers, [[("CLIENT %d\n" % n).encode("ascii"), b"X" * 30000 + b"\n", b""] for n in range(4)])
    server.close()
    AWAIT server.wait_closed()
    try:
        AWAIT asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        done.append("refused")
    expect("a server that is closed", done[-1], "refused")


ASYNC def children():
    pipe = asyncio.subprocess.PIPE
    child = AWAIT asyncio.create_subprocess_exec("/bin/sh", "-c", 'read x; echo "got $x"; exit 5', stdin=pipe, stdout=pipe)
    out, _ = AWAIT asyncio.wait_for(child.communicate(b"it\n"), 60)
    expect("a child", (out, child.returncode), (b"got it\n", 5))
    child = AWAIT asyncio.create_subprocess_shell("read x", stdin=pipe)
    child.terminate()
    status = AWAIT asyncio.wait_for(child.wait(), 60)
    expect("a child that is terminated", status, -15)


ASYNC def outside():
    here = (AWAIT loop.run_in_executor(None, threading.current_thread)) is threading.current_thread()
    expect("an executor's thread is this one", here, False)
    arrived = loop.create_future() if hasattr(loop, "create_future") else asyncio.Future()
    loop.add_signal_handler(signal.SIGUSR1, arrived.set_result, "signal")
    os.kill(os.getpid(), signal.SIGUSR1)
    answer = AWAIT asyncio.wait_for(arrived, 60)
    expect("a signal", answer, "signal")
    loop.remove_signal_handler(signal.SIGUSR1)


ASYNC def everything():
    for part in (tasks, timers, network, children, outside):
        AWAIT part()
    return "done"
'''
import threading

if sys.version_info >= (3, 5):
    SOURCE = SOURCE.replace("ASYNC def", "async def").replace("AWAIT", "await")
else:
    SOURCE = SOURCE.replace("ASYNC def", "@asyncio.coroutine\ndef").replace("AWAIT", "yield from")
done = []
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
exec(SOURCE, globals())
expect("the loop's result", loop.run_until_complete(everything()), "done")
selector = type(loop._selector).__name__
expect("how the loop waits", selector, "EpollSelector")
if sys.version_info >= (3, 6):
    expect("tasks are those in C", asyncio.Task.__module__, "_asyncio")
loop.close()
expect("the loop is closed", loop.is_closed(), True)
report(said="tasks, timers, TCP, child processes and signals on an %s" % selector)
