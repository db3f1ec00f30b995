import Testing
import TrunklineCore
import TrunklineManagement
import TrunklineRuntime

@Suite struct BranchCredentialsTests {
    private let east = OfficeID("bo-17")!

    @Test func aUsersNameNamesItsVirtualHost() {
        #expect(BranchCredentials.userName(of: east, virtualHost: "/") == "trunkline.bo-17")
        #expect(BranchCredentials.userName(of: east, virtualHost: "shop") == "trunkline.shop.bo-17")
    }

    @Test func aPasswordIsLongNewAndNeverShown() {
        let all = (0..<100).map { _ in BranchCredentials(user: "u") }
        #expect(Set(all.map(\.password)).count == 100)
        #expect(all.allSatisfy { $0.password.count == 32 && $0.password.allSatisfy { $0.isLetter || $0.isNumber } })
        var dumped = ""
        dump(all[0], to: &dumped)
        #expect(!"\(all[0]) \(String(reflecting: all[0])) \(dumped)".contains(all[0].password))
    }

    /// The broker matches anywhere in a name, so each expression has both ends.
    @Test func permissionsNameWholeNames() throws {
        let permissions = BranchPermissions(east)
        func matches(_ pattern: String, _ text: String) throws -> Bool {
            try Regex(pattern).firstMatch(in: text) != nil
        }
        for exchange in ["trunkline.up", "trunkline.head.acks"] {
            #expect(try matches(permissions.write, exchange))
        }
        for queue in ["trunkline.branch.bo-17.acks", "trunkline.branch.bo-17.changes"] {
            #expect(try matches(permissions.read, queue))
        }
        #expect(permissions.topics.map(\.exchange) == ["trunkline.up", "trunkline.head.acks"])
        #expect(try matches(permissions.topics[0].write, "bo-17") && matches(permissions.topics[1].write, "head"))
        #expect(try !matches(permissions.topics[1].write, "bo-17"))
        for name in [
            "trunkline.branch.bo-170.acks", "trunkline.branch.bo-17.batches", "trunkline.branch.bo-1.acks",
            "trunkline.head", "trunklineXup", "trunkline.acks", "trunkline.down", "trunkline.headXacks",
            "trunkline.branch.bo-1.changes", "trunkline.branch.bo-17.changes.x",
            "amq.default",
            "xtrunkline.up", "trunkline.upx", "trunkline.branchXbo-17.acks", "trunkline.branch.bo-17.acks.x", "bo-170",
            "xbo-17", "all",
        ] {
            for pattern in [permissions.write, permissions.read, permissions.configure]
                + permissions.topics.map(\.write)
            {
                #expect(try !matches(pattern, name), "\(pattern) matches \(name)")
            }
        }
    }

    @Test func aBranchReachesTheBrokerWhereItIsTold() throws {
        let own = try BrokerAddress(SecretURL("amqp://head:p@127.0.0.1:5672/sh%2Fop")!)
        #expect(own.url(user: "a.b", password: "x/y").revealed == "amqp://a.b:x%2Fy@127.0.0.1:5672/sh%2Fop")
        let outside = try own.reached(at: "amqps://broker.example")
        #expect(outside.url(user: "u", password: "p").revealed == "amqps://u:p@broker.example:5671/sh%2Fop")
        #expect(!own.isPlaintext && !outside.isPlaintext)
        #expect(try own.reached(at: "amqp://broker.example").isPlaintext)
        #expect(throws: BrokerError.self) { try own.reached(at: "amqps://u:p@broker.example") }
        #expect(throws: BrokerError.self) { try own.reached(at: "broker.example") }
    }
}
