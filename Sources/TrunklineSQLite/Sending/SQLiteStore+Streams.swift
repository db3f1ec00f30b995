internal import FoundationEssentials
internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func outboundStreams() async throws(StoreError) -> [StreamID] {
        try await read("outboundStreams", location.path) { db in
            _ = try Office.read(db, operation: "outboundStreams")
            return try Outbound.all(db)
        }
    }

    public func streamsWithWork(window: Int, silence: Duration?) async throws(StoreError) -> [StreamID] {
        try await noteLook(for: .changes)
        let mustHeal = try await read("streamsWithWork", location.path) { db in
            let office = try Office.read(db, operation: "streamsWithWork")
            return try Capture.needsCheck(office, db) || HeldChanges.canBeReleased(db)
        }
        if mustHeal { try await healCapture() }
        return try await read("streamsWithWork", location.path) { db in
            try BusyStreams.withWork(window: window, silence: silence, db)
        }
    }

    public func streamsToReap(olderThan age: Duration) async throws(StoreError) -> [ReapableStream] {
        try await read("streamsToReap", location.path) { db in try BusyStreams.toReap(olderThan: age, db) }
    }

    public func pruneShared() async throws(StoreError) -> Bool {
        var hasWorked = false
        if try await read("pruneShared", location.path, { db in try SharingMemory.isAny(db) }) {
            try await write("pruneShared", location.path, durably: false) { db in try SharingMemory.prune(db) }
            hasWorked = true
        }
        for task in SharedLines.Task.allCases {
            var place: Int64 = 0
            while true {
                let isAny = try await read("pruneShared", location.path) { [place] db in
                    try SharedLines(db).isDue(task, place)
                }
                guard isAny else { break }
                hasWorked = true
                let (next, duration) = try await write("pruneShared", location.path, durably: false) { [place] db in
                    let start = ContinuousClock.now
                    return (try SharedLines(db).step(task, place), ContinuousClock.now - start)
                }
                guard let next else { break }
                place = next
                // As long a pause as the work: the application's writes come in between.
                try? await _Concurrency.Task.sleep(for: max(duration, .milliseconds(1)))
            }
        }
        return hasWorked
    }
}
