import Foundation

/// A serial executor on a thread of its own, for an actor that owns a blocking C connection.
///
/// The actor's calls run on this thread one after the other, so a call that blocks in the C library
/// never holds a thread of the cooperative pool.
public final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
    // Sendable: `jobs` and `stopped` are only touched while `condition` is locked.
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var stopped = false

    /// - Parameter name: the thread's name, as debuggers show it.
    public init(name: String) {
        let thread = Thread { [self] in work() }
        thread.name = name
        thread.stackSize = 1 << 20
        thread.start()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.withLock {
            precondition(!stopped, "a job was enqueued after stop()")
            jobs.append(job)
            condition.signal()
        }
    }

    /// Ends the thread after the jobs that are already enqueued. Call it when the actor is released.
    public func stop() {
        condition.withLock {
            stopped = true
            condition.signal()
        }
    }

    private func work() {
        while let batch = next() {
            for job in batch { job.runSynchronously(on: asUnownedSerialExecutor()) }
        }
    }

    private func next() -> [UnownedJob]? {
        condition.withLock {
            while jobs.isEmpty {
                if stopped { return nil }
                condition.wait()
            }
            defer { jobs.removeAll(keepingCapacity: true) }
            return jobs
        }
    }
}
