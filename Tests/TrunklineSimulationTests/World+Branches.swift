import TrunklineCore
import TrunklineSQLite

extension World {
    /// `trunkline branch add`, while the head goes on writing, and the branch's services start.
    func addBranch() async throws {
        // What came of it is looked up over a connection that sees what was before, while it is in a transaction.
        guard let branch = latecomers.first, !head.application.isInTransaction else { return }
        do {
            _ = try await asOperator(of: head) { store in
                try await store.addBranch(branch.id, brokerUser: branch.id.description)
            }
        } catch let error as StoreError where error.isTransient {
            log.note("head operator: \(error)")
        }
        // Its rows may be counted in vain.
        let isAdded = try head.application.numbers("SELECT count(*) FROM trunkline_branch WHERE id = '\(branch.id)'")
        guard isAdded == [1] else { return }
        latecomers.removeFirst()
        branches.append(branch)
        makeProcesses(of: branch)
        wake(.head)
        log.note("\(branch.id) is added")
    }

    /// `trunkline branch remove`, when the branch has closed.
    func removeBranch() async throws {
        guard branches.count > 1, !head.application.isInTransaction else { return }
        let branch = draw(branches)
        do {
            _ = try await asOperator(of: head) { store in try await store.removeBranch(branch.id) }
        } catch let error as StoreError where error.isTransient {
            log.note("head operator: \(error)")
        }
        let isThere = try head.application.numbers("SELECT count(*) FROM trunkline_branch WHERE id = '\(branch.id)'")
        guard isThere == [0] else { return }
        for process in processes where process.office == branch.id {
            await crash(process)
            await process.end()
        }
        processes.removeAll { $0.office == branch.id }
        branches.removeAll { $0 === branch }
        broker.remove(branch.id)
        wake(.head)
        log.note("\(branch.id) is removed")
    }

    /// `trunkline resync` at the head, of a table or all, to a branch or all.
    func resync() async throws {
        let tables = DownTables.columns.map { TableName($0.key) }
        let table = chance(0.5) ? draw(tables) : nil
        let branch = chance(0.5) ? draw(branches).id : nil
        do {
            _ = try await asOperator(of: head) { store in try await store.resync(table, to: branch) }
            log.note("the head resyncs \(table?.description ?? "all") to \(branch?.description ?? "all")")
        } catch let error as StoreError where error.isTransient {
            log.note("head operator: \(error)")
        }
        wake(.head)
    }
}
