import Foundation

/// The one thread on which everything of a simulated world runs, so that the same seed gives the same order of jobs.
///
/// What another thread enqueues (a database call of GRDB's that has come back) waits until the thread has nothing of
/// its own to do. A process has one such call under way at a time (``Turnstile``), so nothing is left to chance.
final class WorldExecutor: TaskExecutor, @unchecked Sendable {
    // Sendable: all state is touched only while `condition` is locked.
    private let condition = NSCondition()
    private var own: [UnownedJob] = []
    private var foreign: [UnownedJob] = []
    private var thread: pthread_t?
    private var stopped = false

    init(name: String) {
        let thread = Thread { [self] in work() }
        thread.name = name
        thread.stackSize = 4 << 20
        thread.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.withLock {
            if let thread, pthread_equal(thread, pthread_self()) != 0 {
                own.append(job)
            } else {
                foreign.append(job)
            }
            condition.signal()
        }
    }

    /// Ends the thread after what is enqueued.
    func stop() {
        condition.withLock {
            stopped = true
            condition.signal()
        }
    }

    private func work() {
        condition.withLock { thread = pthread_self() }
        while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    private func next() -> UnownedJob? {
        condition.withLock {
            while true {
                if !own.isEmpty { return own.removeFirst() }
                if !foreign.isEmpty { return foreign.removeFirst() }
                if stopped { return nil }
                condition.wait()
            }
        }
    }
}
