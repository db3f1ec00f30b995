import TrunklineCore

/// A change for the worse that the simulation must notice. The product itself has no switch for it: the change is made
/// around a store, or in an office's database.
struct Mutation: Sendable {
    var name: String
    /// Wraps the store of a process.
    var store: @Sendable (any OfficeStore, SimulatedOffice, Life) -> any OfficeStore = { store, _, _ in store }
    /// Changes an office's database before the world begins.
    var prepare: @Sendable (SimulatedOffice) throws -> Void = { _ in }
    /// Whom a service takes for the broker's user of a message.
    var verifiedUser: @Sendable (Envelope, _ user: String) -> String = { _, user in user }

    /// Tables of its own in an office's database, to be emptied before each world.
    var tables: [String] = []

    static let none = Mutation(name: "none")
}
