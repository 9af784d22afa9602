# Processes that work together: semaphores in /dev/shm, pipes, memory that they share. Where the C library's sem_open did not work when
# Python was built, importing multiprocessing.synchronize fails. https://bugs.python.org/issue3770
# Forked, since a script given with -c cannot be imported by a fresh interpreter.
import multiprocessing
import os

context = multiprocessing.get_context("fork") if sys.version_info >= (3, 4) else multiprocessing


def square(number):
    return number * number, os.getpid()


def count(total, lock, times):
    for _ in range(times):
        with lock:
            total.value += 1


def serve(asked, answers):
    for question in iter(asked.get, None):
        answers.put((question, question * 2))


def reply(pipe):
    pipe.send([pipe.recv(), os.getpid()])
    pipe.close()


def leave(status):
    os._exit(status)


def hang():
    context.Event().wait()


def start(target, *arguments):
    process = context.Process(target=target, args=arguments)
    process.daemon = True
    process.start()
    return process


pool = context.Pool(2)
answers = pool.map(square, range(20))
expect("map", [answer for answer, _ in answers], [n * n for n in range(20)])
expect("worked in another process", os.getpid() in set(pid for _, pid in answers), False)
try:
    pool.apply(int, ("not a number",))
except ValueError:
    pass
else:
    raise Wrong("what a worker raises does not come back")
pool.close()
pool.join()

total, lock = context.Value("l", 0, lock=False), context.Lock()
workers = [start(count, total, lock, 100) for _ in range(4)]
for worker in workers:
    worker.join()
expect("a shared number under a lock", total.value, 400)
expect("a lock that is held", (lock.acquire(), lock.acquire(False)), (True, False))
lock.release()
semaphore = context.BoundedSemaphore(2)
expect("a semaphore of two", [semaphore.acquire(False) for _ in range(3)], [True, True, False])
if sys.platform.startswith("linux"):
    expect("a semaphore's value", semaphore.get_value(), 0)
array = context.Array("d", [0.5, 1.5])
worker = start(array.__setitem__, 1, 2.5)
worker.join()
expect("a shared array", list(array), [0.5, 2.5])

asked, answers = context.Queue(), context.Queue()
worker = start(serve, asked, answers)
for question in ("a", u"\u00e9", b"x" * 100000):
    asked.put(question)
asked.put(None)
expect("answers through queues", [answers.get(True, 60)[1] for _ in range(3)], ["aa", u"\u00e9\u00e9", b"x" * 200000])
worker.join()

ours, theirs = context.Pipe()
worker = start(reply, theirs)
ours.send({"deep": [1, 2.5, None]})
expect("an answer through a pipe", ours.recv(), [{"deep": [1, 2.5, None]}, worker.pid])
worker.join()
event = context.Event()
expect("an event that nobody sets", event.wait(0.01), False)
start(event.set)
expect("an event that another process sets", event.wait(60), True)

worker = start(leave, 3)
worker.join()
expect("exit code", worker.exitcode, 3)
worker = start(hang)
worker.terminate()
worker.join()
expect("exit code of a terminated process", worker.exitcode, -15)

shared = ""
if sys.version_info >= (3, 8):
    from multiprocessing import shared_memory

    memory = shared_memory.SharedMemory(create=True, size=64)
    worker = start(memory.buf.__setitem__, 5, 77)
    worker.join()
    seen = memory.buf[5]
    memory.close()
    memory.unlink()
    expect("named shared memory", seen, 77)
    shared = ", shared memory"
report(said="pool, queues, locks, shared values%s across processes" % shared)
