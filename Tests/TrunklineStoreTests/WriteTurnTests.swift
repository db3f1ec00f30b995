import Foundation
import Synchronization
import Testing
import TrunklineCore
import TrunklineSQLite
import TrunklineTesting

/// SQLite has one writer at a time, and no order among those who wait.
struct WriteTurnTests {
    @Test func oneThatWritesWithoutAPauseLetsTheOthersIn() async throws {
        let directory = try TemporaryDirectory()
        let office = try TestOffice("head", .sqlite, in: directory)
        let busy = try SQLiteStore(url: office.url)
        let other = try SQLiteStore(url: office.url)
        _ = try await busy.initialise(OfficeSetup(office: .head, role: .head, tables: []))
        let turns = Mutex(0)
        let flood = Task {
            while !Task.isCancelled {
                _ = try await busy.receiving("test", "flood") { (_) throws(StoreError) in
                    Thread.sleep(forTimeInterval: 0.2)
                    turns.withLock { $0 += 1 }
                }
            }
        }
        try await eventually("the flood is there") { turns.withLock { $0 } > 0 }
        for _ in 0..<5 {
            let before = turns.withLock { $0 }
            _ = try await other.receiving("test", "other") { (_) throws(StoreError) in }
            #expect(turns.withLock { $0 } - before <= 2)
        }
        // Another process, which asks as SQLite does.
        for _ in 0..<3 { try office.run("pragma busy_timeout = 3000; create table if not exists till (id integer)") }
        flood.cancel()
        _ = try? await flood.value
        await busy.close()
        await other.close()
    }
}
