import TrunklineCore

extension Mutation {
    /// Who sent an ack is what the ack says, whoever the broker's user was.
    static let ackOfAnyUser = Mutation(
        name: "ack taken from another branch's user", verifiedUser: { envelope, _ in envelope.from.description })
}
