import Testing
import TrunklineCore
import TrunklineTesting

@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct ServiceNoteTests {
    @Test(arguments: [Pairing(branch: .postgres, head: .postgres), Pairing(branch: .sqlite, head: .sqlite)])
    func theLastWordOfEachServiceAndMachineIsKept(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: "create table item (id integer primary key)", tables: ["item"])
        let store = pair.branch
        #expect(try await store.serviceNotes() == [])
        try await store.noteService(
            ServiceReport(
                service: "branch-publisher", host: "till", failure: "broker: connect", failingSeconds: 120, failures: 3,
                successSeconds: 300))
        try await store.noteService(ServiceReport(service: "stale-reaper", host: "till", successSeconds: 1))
        var notes = try await store.serviceNotes()
        #expect(notes.map(\.service) == ["branch-publisher", "stale-reaper"])
        #expect(notes[0].failure == "broker: connect" && notes[0].failures == 3 && notes[0].failingSince != nil)
        #expect((300...330).contains(notes[0].successSeconds ?? 0))
        #expect(notes[1].failure == nil && notes[1].failingSince == nil && !notes[1].isStopped)

        try await store.noteService(ServiceReport(service: "branch-publisher", host: "till", isStopped: true))
        notes = try await store.serviceNotes()
        #expect(notes[0].failure == nil && notes[0].isStopped)
        #expect(notes[0].successSeconds != nil, "the last success is not forgotten")
    }

    @Test(arguments: [Pairing(branch: .postgres, head: .postgres), Pairing(branch: .sqlite, head: .sqlite)])
    func machinesThatAreGoneAreForgotten(pairing: Pairing) async throws {
        let pair = try await Pair(pairing, branch: "create table item (id integer primary key)", tables: ["item"])
        try await pair.branch.noteService(
            ServiceReport(service: "branch-publisher", host: "old-pod", successSeconds: 1))
        try pair.branchDatabase.run(
            pairing.branch == .postgres
                ? "update trunkline.service set seen_at = now() - interval '8 days'"
                : "update trunkline_service set seen_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-8 days')")
        try await pair.branch.noteService(
            ServiceReport(service: "branch-publisher", host: "new-pod", successSeconds: 1))
        #expect(try await pair.branch.serviceNotes().map(\.host) == ["new-pod"])
    }

    /// What a person reads as «acked» is one number: also with a row that the head could not store.
    @Test(arguments: Pairing.all) func ackedMeansTheSameAtBothEnds(pairing: Pairing) async throws {
        let pair = try await Pair(
            pairing, branch: "create table item (id integer primary key, n integer)", tables: ["item"],
            head: "create table item (branch_id text, id integer, n integer check (n > 0), primary key (branch_id, id))"
        )
        try pair.branchDatabase.run("insert into item values (1, 1), (2, 0), (3, 3)")
        try await pair.sync()
        try pair.branchDatabase.run("update item set n = 9 where id = 2; delete from item where id = 3")
        try await pair.sync()
        let ends = [try await pair.branch.status(), try await pair.head.status()].map { $0.map(\.ackedRows) }
        #expect(ends == [[5], [5]])
    }
}
