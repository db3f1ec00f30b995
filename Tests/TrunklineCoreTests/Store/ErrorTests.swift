import Testing

@testable import TrunklineCore

@Suite struct ErrorTests {
    @Test func aStoreErrorNamesTheThingAndTheWayOut() {
        let error = StoreError(.table, operation: "init", subject: "sales", reason: "no primary key", hint: "add one")
        #expect(error.description == "database: init sales: no primary key; add one")
        #expect(!error.isTransient)
        #expect(StoreError(.contention, operation: "o", subject: "s", reason: "r").isTransient)
    }

    @Test func aBrokerErrorNamesTheThing() {
        let error = BrokerError(.unreachable, operation: "connect", subject: "mq:5672", reason: "refused")
        #expect(error.description == "broker: connect mq:5672: refused")
        #expect(error.isTransient)
        #expect(!BrokerError(.tls, operation: "o", subject: "s", reason: "r").isTransient)
    }
}
