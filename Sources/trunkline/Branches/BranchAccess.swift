import TrunklineCore
import TrunklineManagement
import TrunklineRuntime

/// What a branch may do, at the broker and in the head's database, kept in step.
///
/// A command that dies half-way is run again: each step finds what the last run did. The head comes first: who loses a
/// right is refused from then on, and of who gets one nothing is refused that the broker lets through.
struct BranchAccess {
    let branch: OfficeID
    let store: any OfficeStore

    /// The head's record of the branch.
    func record() async throws -> Branch {
        guard let record = try await store.branch(branch) else {
            throw CommandFailure(
                .usage,
                "there is no branch \(branch); trunkline branch list names them all, trunkline branch add \(branch) adds it"
            )
        }
        return record
    }

    /// The branch's own user.
    /// - Parameter password: what its password is to be, whether it is there or not; nil: a new one for a new user.
    /// - Returns: name and password if the user is new or `password` is given; nil: it was there already, with the
    ///   password that it had.
    func addUser(
        _ administration: BrokerAdministration, password: String? = nil
    ) async throws -> BranchCredentials? {
        let name = administration.userName(of: branch)
        let exists = try await administration.userExists(name)
        let credentials =
            password.map { BranchCredentials(user: name, password: $0) }
            ?? (exists ? nil : BranchCredentials(user: name))
        if let credentials { try await administration.setPassword(credentials) }
        if try await !record().isSuspended { try await administration.grant(name, branch) }
        return credentials
    }

    /// - Returns: the new password; connections that used the old one are closed.
    func rotate(_ administration: BrokerAdministration) async throws -> BranchCredentials {
        let record = try await record()
        let name = administration.userName(of: branch)
        guard record.brokerUser == name, try await administration.userExists(name) else {
            throw CommandFailure(
                .configuration,
                "broker user \(record.brokerUser) was not made by trunkline branch add; change its password at the broker"
            )
        }
        let credentials = BranchCredentials(user: name)
        try await administration.setPassword(credentials)
        if !record.isSuspended { try await administration.grant(name, branch) }
        try await administration.closeConnections(of: name)
        return credentials
    }

    /// - Returns: whether the broker shuts the user out too: only if the user is the branch's own.
    func suspend(_ administration: BrokerAdministration?) async throws -> Bool {
        let record = try await record()
        _ = try await store.setSuspended(true, branch: branch)
        guard let administration, record.brokerUser == administration.userName(of: branch) else { return false }
        try await administration.revoke(record.brokerUser)
        return true
    }

    func resume(_ administration: BrokerAdministration?) async throws {
        let record = try await record()
        _ = try await store.setSuspended(false, branch: branch)
        guard let administration, record.brokerUser == administration.userName(of: branch) else { return }
        try await administration.grant(record.brokerUser, branch)
    }

    /// - Returns: whether the broker's user is gone too: only if it was the branch's own.
    func remove(_ administration: BrokerAdministration) async throws -> Bool {
        let record = try await record()
        // Whatever it sends until its connections are closed is refused.
        _ = try await store.setSuspended(true, branch: branch)
        let isOwn = record.brokerUser == administration.userName(of: branch)
        if isOwn { try await administration.deleteUser(record.brokerUser) }
        try await administration.removeQueues(of: branch)
        _ = try await store.removeBranch(branch)
        return isOwn
    }
}
