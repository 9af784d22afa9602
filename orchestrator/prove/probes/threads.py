# Threads: locks exclude, queues hand over, events wake, what is local stays local, timeouts end.
import os
import signal
import threading
import time

if sys.version_info >= (3,):
    import queue
else:
    import Queue as queue

THREADS = 8
local = threading.local()
failures = []


def all_of(target, *arguments):
    def guarded(number):
        try:
            target(number, *arguments)
        except BaseException as error:
            failures.append("%s: %s" % (type(error).__name__, error))

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.daemon = True  # or the others would wait for ever once one cannot be started
        thread.start()
    return threads


def join(threads):
    for thread in threads:
        thread.join(60)
        expect("a thread that is still alive", thread.is_alive(), False)
    expect("what threads raised", failures, [])


# A count that loses steps unless the lock keeps the others out: each one is read, given away, and written.
total, lock = [0], threading.Lock()


def add(number):
    for _ in range(50):
        with lock:
            seen = total[0]
            time.sleep(0)
            total[0] = seen + 1


join(all_of(add))
expect("a count under a lock", total[0], THREADS * 50)
expect("a lock that is held", (lock.acquire(), lock.acquire(False)), (True, False))
lock.release()
again = threading.RLock()
with again:
    expect("a lock that its owner takes again", again.acquire(False), True)
    taken = []
    other = threading.Thread(target=lambda: taken.append(again.acquire(False)))
    other.start()
    other.join()
    expect("a lock that another thread asks for", taken, [False])
    again.release()

# Everything that is put in comes out once.
tasks, results = queue.Queue(4), queue.Queue()


def work(number):
    for task in iter(tasks.get, None):
        results.put(task * task)


threads = all_of(work)
for task in range(200):
    tasks.put(task, True, 60)
for _ in range(THREADS):
    tasks.put(None, True, 60)
join(threads)
expect("results", sorted(results.get() for _ in range(200)), [task * task for task in range(200)])
expect("results left over", results.empty(), True)

# One event for all; nobody starts before it.
event, started, arrived = threading.Event(), [], threading.Semaphore(0)


def wait(number):
    local.number = number
    arrived.release()
    if not event.wait(60):
        raise RuntimeError("the event did not come")
    started.append(local.number)


threads = all_of(wait)
for _ in range(THREADS):
    arrived.acquire()
expect("threads that did not wait", started, [])
event.set()
join(threads)
expect("each thread's own number", sorted(started), list(range(THREADS)))
expect("another thread's own number is seen here", hasattr(local, "number"), False)

# Timeouts: with sem_timedwait in 3.x, by polling in 2.7.
before = time.time()
expect("an event that nobody sets", threading.Event().wait(0.03), False)
if not 0.02 < time.time() - before < 20:
    raise Wrong("a wait of 0.03 s took %.3f s" % (time.time() - before))
condition, handed = threading.Condition(), []


def take(number):
    with condition:
        while not handed:
            condition.wait(60)
        handed.pop()


threads = all_of(take)
for _ in range(THREADS):
    with condition:
        handed.append(1)
        condition.notify()
join(threads)
expect("what is left of what was handed over", handed, [])
fired = threading.Event()
timer = threading.Timer(0.01, fired.set)
timer.start()
expect("a timer", fired.wait(60), True)

if sys.version_info >= (3,):
    barrier, passed = threading.Barrier(THREADS, timeout=60), []
    join(all_of(lambda number: passed.append(barrier.wait())))
    expect("a barrier", sorted(passed), list(range(THREADS)))
    import concurrent.futures

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        expect("a pool", list(pool.map(abs, range(-20, 0))), list(range(20, 0, -1)))

# A child of a process with threads has one thread and can go on.
idle = threading.Event()
holder = threading.Thread(target=idle.wait)
holder.start()
pid = os.fork()
if pid == 0:
    signal.alarm(60)
    answer = []
    thread = threading.Thread(target=lambda: answer.append(threading.active_count()))
    thread.start()
    thread.join()
    os._exit(40 + answer[0])
expect("status of a forked child, and its threads", os.waitpid(pid, 0)[1] >> 8, 42)
idle.set()
holder.join()

kind = " (%s, %s)" % (sys.thread_info.name, sys.thread_info.lock) if hasattr(sys, "thread_info") else ""
report(said="%d threads%s with locks, queues, events and their own data" % (THREADS, kind))
