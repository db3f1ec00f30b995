import Foundation

/// A serial executor on a thread of its own, for an actor that owns a blocking C connection.
///
/// The actor's calls run on this thread one after the other, so a call that blocks in the C library
/// never holds a thread of the cooperative pool. One that waits for a descriptor does so in ``wait(for:within:)``, where
/// the next call does not have to wait for it.
public final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
    // Sendable: the variables are only touched while `condition` is locked.
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    /// Of the first job that was not taken.
    private var start = 0
    private var stopped = false
    /// A job is in ``wait(for:within:)``, and looks at `bell`.
    private var isPolling = false
    /// A pipe that is readable when a job was enqueued meanwhile; -1: the system has no descriptors for it.
    private let bell: (reading: Int32, writing: Int32)

    /// - Parameters:
    ///   - name: the thread's name, as debuggers show it.
    ///   - stackSize: in bytes.
    public init(name: String, stackSize: Int = 1 << 20) {
        var ends: [Int32] = [-1, -1]
        if pipe(&ends) == 0 {
            for end in ends {
                _ = fcntl(end, F_SETFL, O_NONBLOCK)
                _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            }
        }
        bell = (ends[0], ends[1])
        let thread = Thread { [self] in work() }
        thread.name = name
        thread.stackSize = stackSize
        thread.start()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.withLock {
            precondition(!stopped, "a job was enqueued after stop()")
            jobs.append(job)
            if isPolling { write(bell.writing, [1], 1) } else { condition.signal() }
        }
    }

    /// Waits until the descriptor is readable, another job is enqueued, or the time is up; for a job on this thread. It
    /// should yield then.
    public func wait(for descriptor: Int32, within timeout: Duration) {
        let mayWait = condition.withLock {
            isPolling = jobs.isEmpty
            return isPolling
        }
        guard mayWait else { return }
        var looks = [descriptor, bell.reading].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let limit = bell.reading < 0 ? min(timeout, Self.unheard) : timeout
        // Rounded up: a wait of less than a millisecond would be none.
        let milliseconds = (max(limit, .zero) + .microseconds(999)) / .milliseconds(1)
        poll(&looks, nfds_t(looks.count), Int32(min(milliseconds, 60_000)))
        condition.withLock {
            isPolling = false
            var rings = [UInt8](repeating: 0, count: 64)
            while read(bell.reading, &rings, rings.count) == rings.count {}
        }
    }

    /// The next job waits at most so long where there is no bell.
    private static let unheard = Duration.milliseconds(5)

    deinit {
        close(bell.reading)
        close(bell.writing)
    }

    /// Ends the thread after the jobs that are already enqueued. Call it when the actor is released.
    public func stop() {
        condition.withLock {
            stopped = true
            condition.signal()
        }
    }

    private func work() {
        while let job = next() { job.runSynchronously(on: asUnownedSerialExecutor()) }
    }

    private func next() -> UnownedJob? {
        condition.withLock {
            while start == jobs.count {
                if stopped { return nil }
                condition.wait()
            }
            defer {
                start += 1
                if start == jobs.count {
                    jobs.removeAll(keepingCapacity: true)
                    start = 0
                }
            }
            return jobs[start]
        }
    }
}
