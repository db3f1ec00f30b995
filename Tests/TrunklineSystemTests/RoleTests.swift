import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Least privilege in PostgreSQL: the roles that docs/security.md tells to make are enough, and not more than that.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker), .serialized)
struct RoleTests {
    /// The roles of one office, dropped with the value: they belong to the whole server.
    private final class Roles {
        let owner = "owner_\(UUID().uuidString.lowercased())"
        let service = "service_\(UUID().uuidString.lowercased())"
        let till = "till_\(UUID().uuidString.lowercased())"
        private let office: TestOffice

        init(_ office: TestOffice, _ file: String) throws {
            self.office = office
            let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../examples/\(file)")
            let sql = try String(contentsOf: path.standardized, encoding: .utf8)
            try office.run("\\set owner \(owner)\n\\set service \(service)\n\\set till \(till)\n" + sql)
        }

        deinit {
            for role in [owner, service, till] {
                _ = try? office.run("drop owned by \"\(role)\" cascade; drop role \"\(role)\"")
            }
        }

        func url(_ role: String) -> String {
            var parts = URLComponents(string: office.url)!
            parts.user = role
            return parts.string!
        }

        /// As this role, in psql.
        func run(_ sql: String, as role: String) throws -> String {
            try Command.run("psql", ["-XAtq", "--set=ON_ERROR_STOP=1", url(role)], input: sql)
        }

        func isDenied(_ sql: String, _ role: String) -> Bool {
            do {
                _ = try run(sql, as: role)
                return false
            } catch {
                return "\(error)".contains("permission denied") || "\(error)".contains("must be owner")
            }
        }
    }

    @Test func theRolesOfTheDocumentAreEnoughAndNoMore() async throws {
        let directory = try TemporaryDirectory()
        let broker = try await TestBroker()
        let head = try TestOffice("head", .postgres, in: directory)
        let east = try TestOffice("east", .postgres, in: directory)
        func example(_ name: String) throws -> String {
            let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../examples/\(name)")
            return try String(contentsOf: path.standardized, encoding: .utf8)
        }
        try east.run(example("product_sales.postgres.sql"))
        for office in [head, east] { try office.run(example("catalogue.postgres.sql")) }
        let atHead = try Roles(head, "roles.head.postgres.sql")
        let atEast = try Roles(east, "roles.branch.postgres.sql")
        func environment(_ office: TestOffice, _ url: String) -> [String: String?] {
            var environment: [String: String?] = [
                "TRUNKLINE_OFFICE_ID": office.id, "TRUNKLINE_DATABASE_URL": url, "TRUNKLINE_TABLES": "product_sales",
            ]
            if office === head {
                environment["TRUNKLINE_BROKER_URL"] = broker.url
                environment["TRUNKLINE_BROKER_MANAGEMENT_URL"] = broker.managementURL
            } else {
                environment["TRUNKLINE_CONFIG"] = directory.file("kit/office.yaml")
            }
            return environment
        }
        func trunkline(_ environment: [String: String?], _ arguments: String...) throws -> String {
            try Command.run(Site.executable("trunkline"), arguments, environment: environment)
        }
        let headService = environment(head, atHead.url(atHead.service))
        let eastService = environment(east, atEast.url(atEast.service))
        _ = try trunkline(environment(head, atHead.url(atHead.owner)), "init")
        _ = try trunkline(headService, "branch", "add", "east", "--kit", directory.file("kit"))
        for _ in 1...2 { _ = try trunkline(environment(east, atEast.url(atEast.owner)), "init") }

        let sale =
            "insert into product_sales (date, region, product, qty, cost, tax) values ('2021-05-01', 'East', 'Pens', 2, 2.19, 0.3)"
        for _ in 1...3 { _ = try atEast.run(sale, as: atEast.till) }
        var services: [ChildProcess] = []
        for name in Site.headServices {
            services.append(
                try ChildProcess(Site.executable(name), environment: headService, output: directory.file(name)))
        }
        _ = try trunkline(eastService, "sync", "--timeout", "60s")
        _ = try atEast.run(
            "update product_sales set qty = 5 where id = 1; delete from product_sales where id = 2", as: atEast.till)
        _ = try trunkline(eastService, "sync", "--timeout", "60s")
        #expect(try head.run("select branch_id, id, qty from product_sales order by id") == "east|1|5\neast|3|2")
        #expect(try trunkline(eastService, "resync").contains("2 rows pending"))
        #expect(try trunkline(eastService, "verify", "--timeout", "60s").contains("agrees with head"))
        #expect(try trunkline(eastService, "rows", "product_sales").contains("acked"))
        // Only a table's owner may let triggers fire for replayed changes: without that nothing is wrong.
        #expect(try !trunkline(eastService, "status").contains("STANDS STILL"))
        #expect(try trunkline(headService, "rows", "product_sales").contains("acked"))
        #expect(try trunkline(headService, "retry").contains("0 left"))
        for service in services { service.send(SIGTERM) }
        for service in services { #expect(try await service.waitForExit(within: .seconds(40)) == .code(0)) }

        for sql in [
            "select * from trunkline.change", "delete from trunkline.batch", "select trunkline.capture_1()",
            "truncate product_sales", "alter table product_sales disable trigger all", "create table mine (n int)",
            "delete from price", "insert into transfer_note (branch_id, product, qty) values ('east', 'Pens', 1)",
        ] {
            #expect(atEast.isDenied(sql, atEast.till), "the till may: \(sql)")
        }
        for sql in [
            "delete from product_sales", "update product_sales set qty = 1", "alter table product_sales add c int",
            "drop table trunkline.batch", "create table mine (n int)",
            "create function trunkline.f() returns int return 1",
        ] {
            #expect(atEast.isDenied(sql, atEast.service), "the branch's services may: \(sql)")
        }
        for sql in ["delete from product_sales", "insert into product_sales (id) values (9)", "delete from price"] {
            #expect(atEast.isDenied(sql, atEast.owner), "the owner of the books may: \(sql)")
        }
        for sql in [
            "create table mine (n int)", "drop table product_sales", "truncate product_sales",
            "drop table trunkline.inbound", "delete from price", "update transfer_note set qty = 1",
        ] {
            #expect(atHead.isDenied(sql, atHead.service), "the head's services may: \(sql)")
        }
        #expect(atHead.isDenied("select * from product_sales", atHead.owner))
    }
}
