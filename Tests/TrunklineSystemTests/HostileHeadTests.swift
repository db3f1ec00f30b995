import Foundation
import Testing
import TrunklineCore
import TrunklineRabbitMQ
import TrunklineTesting

/// Promise 8, the other way round: the head's broker user is in the hands of somebody who speaks AMQP by hand. The
/// branch's services are real, and so are those of the head that take what comes up.
@Suite(.enabled(if: TestEnvironment.hasPostgres && TestEnvironment.hasBroker), .serialized)
struct HostileHeadTests {
    private typealias Table = HostileHead.Table

    private static let kinds = [DatabaseKind.postgres, .sqlite]

    /// `item` goes up, `price` and `Öl` come down; everything else is the branch's own.
    private static func schema(_ kind: DatabaseKind) -> String {
        let own = "(id integer primary key, word text)"
        let common = """
            create table price (id integer primary key, cents integer not null); create table "Öl" \(own);
            create table secret \(own); insert into secret values (1, 'mine'); create table "öl" \(own); create table "O\u{308}l" \(own);
            create view peek as select * from secret; create index spot on secret (word);
            """
        let more = """
            create schema other; create table other.secret \(own); create table other.price \(own);
            create materialized view seen as select * from secret; create sequence counter;
            """
        return Site.schema + common + (kind == .postgres ? more : #"create table "other.price" \#(own);"#)
    }

    private func site(_ kind: DatabaseKind, acceptsNew: Bool = false, settings: [String: String] = [:]) async throws
        -> Site
    {
        let new = acceptsNew ? #", {"accept": "new"}"# : ""
        let down = #"{"name": "price", "direction": "down"}, {"name": "Öl", "direction": "down"}"#
        let site = try await Site(
            Pairing(branch: kind, head: .postgres),
            settings: settings.merging(["TRUNKLINE_RETRY_INTERVAL": "1s", "TRUNKLINE_STALE_TIMEOUT": "2s"]) { $1 },
            tables: Site.Tables(branch: "[\"item\", \(down)\(new)]", branchSchema: Self.schema(kind)))
        try site.startAll()
        for service in Site.branchReceivers { try site.start(service, at: site.east) }
        return site
    }

    private func receiving(_ site: Site) throws -> StreamStatus {
        try #require(try site.status(site.east).first { $0.direction == .receiving })
    }

    private func sending(_ site: Site) throws -> StreamStatus {
        try #require(try site.status(site.east).first { $0.direction == .sending })
    }

    /// Waits, and tells what the services said when it was in vain.
    private func comes(_ what: String, _ site: Site, _ condition: () throws -> Bool) async throws {
        do {
            try await eventually(what, within: .seconds(60), condition)
        } catch {
            let logs = site.services.map { "== \($0.key)\n\($0.value.output.suffix(3_000))" }.joined(separator: "\n")
            throw TestFailure("\(error)\n\(try site.trunkline(site.east, "status"))\n\(logs)")
        }
    }

    /// Waits until so many honest prices are there, whose ids are above 100.
    private func pricesArrive(_ site: Site, _ count: Int) async throws {
        try await comes("\(count) prices at the branch", site) {
            try site.east.run("select count(*) from price where id > 100") == "\(count)"
        }
    }

    /// The branch goes on selling, and its rows go up and are acked; no service of it has ended.
    private func branchGoesOn(_ site: Site, item id: Int) async throws {
        try site.east.run("insert into item values (\(id), 'honest', 1)")
        try await comes("item \(id) at the head, and its ack", site) {
            let status = try sending(site)
            guard status.pending == 0, status.inFlightBatches == 0 else { return false }
            return try site.differences(site.east).isEmpty
        }
        for (name, service) in site.services { #expect(!service.hasExited, "\(name) ended: \(service.output)") }
    }

    /// All that is at the branch and not for the head to write: what tables there are, the rows of the till's, and those of
    /// the books that say what is whose.
    private func belongings(_ site: Site) throws -> String {
        let east = site.east
        var tables = ["item", "secret", "\"öl\"", "\"Öl\"", "\"O\u{308}l\""]
        let catalogue: String
        switch east.kind {
        case .postgres:
            tables += ["other.secret", "other.price"]
            tables += ["office", "branch", "synced_table", "accepted_table"].map { "trunkline.\($0)" }
            catalogue = """
                select n.nspname || '.' || relname from pg_class c join pg_namespace n on n.oid = relnamespace
                where n.nspname !~ '^pg_' order by 1
                """
        case .sqlite:
            tables += ["\"other.price\"", "trunkline_branch", "trunkline_synced_table", "trunkline_made_table"]
            // The rest of the row says when the tables were looked at.
            tables.append("(select office, role, accepted_tables from trunkline_office)")
            catalogue = "select type, name, sql from sqlite_schema order by 1, 2"
        }
        return try ([catalogue] + tables.map { "select * from \($0) t order by 1" }).map { try east.run($0) }
            .joined(separator: "\n--\n")
    }

    /// Names of what is there and is not for the head, in whatever spelling may lead to it.
    private func foreignTables(_ kind: DatabaseKind) -> [TableName] {
        let common = [
            TableName("item"), TableName("secret"), TableName("öl"), TableName("O\u{308}l"), TableName("peek"),
            TableName("spot"),
        ]
        switch kind {
        case .postgres:
            let books = ["office", "branch", "synced_table", "accepted_table", "inbound", "outbound", "made_table"]
            return common + [
                TableName(schema: "public", "item"), TableName(schema: "public", "secret"),
                TableName(schema: "other", "secret"), TableName(schema: "other", "price"), TableName("seen"),
                TableName("counter"), TableName(schema: "pg_catalog", "pg_authid"),
                TableName(schema: "information_schema", "tables"), TableName(schema: "pg_toast", "x"),
            ] + books.map { TableName(schema: "trunkline", $0) }
        case .sqlite:
            let books = [
                "office", "branch", "synced_table", "made_table", "inbound", "outbound", "applying", "change",
            ]
            return common + [
                TableName("ITEM"), TableName("Secret"), TableName("PEEK"), TableName(schema: "other", "price"),
                TableName("sqlite_master"), TableName("sqlite_schema"), TableName("SQLITE_SEQUENCE"),
                TableName("pragma_table_info"), TableName("json_each"), TableName("TRUNKLINE_OFFICE"),
            ] + books.map { TableName("trunkline_\($0)") }
        }
    }

    /// Names of nothing that is there; with `accept: new` some of them would be made.
    private let missingTables = [
        TableName("ſecret"), TableName("pg_authid"), TableName("secret "), TableName(" item"),
        TableName("secret\u{301}"), TableName("x; drop"),
        TableName("\"secret\""), TableName("'"), TableName(schema: "main", "secret"), TableName(schema: "temp", "item"),
        TableName(schema: "Public", "secret"), TableName(schema: "TRUNKLINE", "office"), TableName("price\u{200b}"),
        TableName(String(repeating: "n", count: 255)),
    ]

    @Test(arguments: kinds, [false, true])
    func aHeadWritesNothingThatTheBranchDidNotName(kind: DatabaseKind, acceptsNew: Bool) async throws {
        let site = try await site(kind, acceptsNew: acceptsNew)
        try await branchGoesOn(site, item: 1)
        let before = try belongings(site)
        let hostile = try HostileHead(site)
        let names = foreignTables(kind) + (acceptsNew ? [] : missingTables)
        for (index, name) in names.enumerated() {
            let forged = Table(name: name, rows: ["1\tforged", "7\tforged"], deletes: ["2"])
            // In a recovery rows are put aside before they are replaced; not those of somebody else's table.
            try hostile.send([.price(101 + index), forged]) { if index % 3 == 0 { $0.recovery = .keepBranch } }
        }
        // To drop all rows of a table, and all keys that it has not.
        try hostile.send([.price(1_000), Table(name: TableName("secret"), rows: [], deletes: ["1", "\\N", "\\000"])])
        try await pricesArrive(site, names.count + 1)
        #expect(try belongings(site) == before)
        let books = kind == .postgres ? "trunkline.superseded_row" : "trunkline_superseded_row"
        #expect(try site.east.run("select count(*) from \(books)") == "0")
        let status = try receiving(site)
        #expect(status.watermark == Int64(names.count + 1) && status.standstill == nil)
        #expect(status.setAside >= names.count)
        let shown = Set(status.setAsideTables)
        for name in [TableName("item"), TableName("secret"), TableName("öl"), TableName("O\u{308}l")] {
            #expect(shown.contains(name), "status does not say that \(name) was refused")
        }
        let text = try site.trunkline(site.east, "status")
        #expect(text.contains("set aside") && text.contains("secret"), "\(text)")
        try await branchGoesOn(site, item: 2)
        try await site.stopAll()
    }

    @Test(arguments: kinds) func aBatchThatFitsNoTableIsSetAside(kind: DatabaseKind) async throws {
        let site = try await site(kind)
        let hostile = try HostileHead(site)
        try await branchGoesOn(site, item: 1)
        let before = try belongings(site)
        let text = Column(name: "note", type: "text")
        var unkeyed = Table.price(20)
        unkeyed.key = ["cents"]
        var composite = Table.price(21)
        composite.key = ["cents", "id"]
        var wide = Table.price(22)
        wide.columns = (0..<1_600).map { Column(name: "c\($0)", type: "text") }
        wide.key = ["c0"]
        wide.rows = [Array(repeating: "x", count: 1_600).joined(separator: "\t")]
        let misshapen = [
            Table.price(10, columns: [text], "\tx"),
            .price(11, columns: [Column(name: "cents\"); drop table item; --", type: "text")], "\tx"),
            .price(12, columns: [Column(name: "CENTS ", type: "integer")], "\t1"),
            .price(13, columns: [Column(name: "rowid", type: "integer")], "\t1"),
            .price(14, columns: [Column(name: "ctid", type: "text")], "\t(0,1)"), unkeyed, composite, wide,
            Table(name: TableName("price"), columns: [Column(name: "id", type: "integer")], rows: ["15"]),
        ]
        let badRows = ["x\t1", "1\tx", "\\N\t1", "1\t\\N", "99999999999999999999\t1", "1\t1\\000", "\\000\t1"]
        for (index, table) in misshapen.enumerated() {
            try hostile.send([table])
            try hostile.send([.price(101 + index)])
        }
        for (index, row) in badRows.enumerated() {
            var table = Table.price(200 + index)
            table.rows.append(row)
            table.columns[1].type = ["integer", "integer); drop table item; --", "regclass"][index % 3]
            try hostile.send([table])
        }
        // A shape that it never said: its sender is told, and says it.
        let named =
            #"{"name":"price","shape":"\#(String(repeating: "0", count: 32))","fields":{"count":2,"key":[0]},"rows":1,"rowBytes":4,"deletes":0,"deleteBytes":0,"allNew":false}"#
        let header = String(decoding: try JSONEncoder().encode(hostile.header()), as: UTF8.self)
        try hostile.put(HostileHead.pack(header.replacing("\"tables\":[]", with: "\"tables\":[\(named)]"), "1\t1\n"))
        try hostile.send([.price(300)])
        try await pricesArrive(site, misshapen.count + badRows.count + 1)
        #expect(try belongings(site) == before)
        // A shape that does not fit is that of the whole table, until one comes that does; bad rows stay.
        #expect(try (1...badRows.count).contains(receiving(site).setAside) && receiving(site).standstill == nil)
        try await branchGoesOn(site, item: 2)
        try await site.stopAll()
    }

    @Test(arguments: kinds) func whatCannotBeReadIsRefusedAndStopsNothing(kind: DatabaseKind) async throws {
        let site = try await site(kind, settings: ["TRUNKLINE_RECEIVER_MAX_MESSAGE_BYTES": "100000"])
        let hostile = try HostileHead(site)
        try hostile.send([.price(101)])
        let good = try hostile.body([.price(102)])
        func lying(_ change: (inout TableHeader) -> Void) throws -> [UInt8] {
            try hostile.body([.price(102)]) { change(&$0.tables[0]) }
        }
        let west = OfficeID("west")!
        let bodies: [[UInt8]] = [
            [], Array(good.dropLast(3)), (0..<300).map { UInt8($0 % 251) }, HostileHead.pack("no header"),
            HostileHead.pack(#"{"version":0}"#), HostileHead.pack(String(repeating: "[", count: 1_000_000)),
            (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 167) },
            Zstd.compress([UInt8](repeating: 0, count: 256 << 20)), try lying { $0.rows = 2 },
            try lying { $0.rowBytes = 9_999 }, try lying { $0.deletes = .max }, try lying { $0.rows = -1 },
            try lying { $0.name = TableName("price\0") },
            try lying { $0.name = TableName(String(repeating: "n", count: 256)) },
            try lying { $0.key = ["nothing"] }, try lying { $0.key = [] }, try lying { $0.columns[0].name = "i\0" },
            try lying { $0.columns[0].type = "integer\0" }, try lying { $0.shape = "0" },
            try lying { $0.misfits = [Misfit(row: 7, column: "id", storage: "text")] },
            try hostile.body([.price(102), .price(103)]), try hostile.body([.price(102)]) { $0.number = 0 },
            try hostile.body([.price(102)]) { $0.number = .min },
            try hostile.body([.price(102)]) { $0.previousID = nil },
            try hostile.body([.price(102)]) { $0.setAsideVersion = .max },
            try hostile.body([.price(102)]) { $0.follows = (0..<65).map { _ in UUID() } },
            try hostile.body([.price(102)]) { $0.stream = StreamID(from: .head, to: west) },
            try hostile.body([.price(102)]) { $0.stream = StreamID(from: west, to: .head) },
        ]
        for body in bodies { try hostile.put(body) }
        try hostile.put(good, type: nil)
        try hostile.put(good, type: "ack")
        try hostile.put(good, encoding: "gzip")
        try hostile.put(good, key: "west", copy: "east")
        for halt in ["", "{}", #"{"stream":"west>head","epoch":"\#(UUID())","reason":""}"#] {
            try hostile.put(Array(halt.utf8), type: "halt", encoding: nil)
        }
        try hostile.send([.price(102)])
        try await pricesArrive(site, 2)
        let ingestor = try #require(site.services["east/branch-ingestor"])
        try await comes("a refusal of each, with its reason", site) {
            ingestor.output.components(separatedBy: "message refused").count - 1 == bodies.count + 6
                && ingestor.output.contains("copy dropped")
        }
        #expect(try receiving(site).standstill == nil)
        try await branchGoesOn(site, item: 1)
        // A halt and another epoch stop the head's own stream, with the reason; that of the branch goes on.
        let reason = "r\u{0}\u{1b}[2J\u{202e}"
        let halt = Halt(stream: HostileHead.stream, epoch: hostile.epoch, reason: String(repeating: reason, count: 300))
        try hostile.put(halt.encoded(), type: "halt", encoding: nil)
        try await eventually("the stream is stopped") { try receiving(site).stopped != nil }
        let text = try site.trunkline(site.east, "status")
        #expect(!text.unicodeScalars.contains { $0 != "\n" && SafeText.isUnsafe($0) })
        try await branchGoesOn(site, item: 2)
        try await site.stopAll()
    }

    /// A result that makes its sender look into these buckets.
    private func result(_ status: StreamStatus, _ change: (inout TableResult) -> Void) -> VerificationResult {
        var table = TableResult(
            name: TableName("item"), rowsAtSender: 1, rowsAtReceiver: 0, differingBuckets: [0], bucketCount: 16)
        change(&table)
        return VerificationResult(id: UUID(), round: 1, stream: status.stream, watermark: 1, tables: [table])
    }

    @Test(arguments: kinds) func forgedAcksBreakNothing(kind: DatabaseKind) async throws {
        let site = try await site(kind)
        let hostile = try HostileHead(site)
        try await branchGoesOn(site, item: 1)
        let status = try sending(site)
        let honest = Ack(
            stream: status.stream, epoch: try #require(status.epoch), watermark: status.watermark, setAsideVersion: 0,
            setAside: nil, setAsideTotal: 0)
        func forge(_ change: (inout Ack) -> Void) throws {
            var ack = honest
            change(&ack)
            try hostile.putAck(ack.encoded())
        }
        func notice(_ table: String, _ key: String, _ reason: String = "") -> [SetAsideNotice] {
            [SetAsideNotice(table: TableName(table), key: RowKey([key]), reason: reason)]
        }
        for body in [[], [7, 7, 7], Zstd.compress(Array("{}".utf8)), HostileHead.pack("[[[[")] {
            try hostile.putAck(body)
        }
        try hostile.putAck(honest.encoded(), type: "batch")
        for wish in ["", "no id", String(repeating: "x", count: 1_000_000)] {
            try hostile.putAck(Array(wish.utf8), type: "verify")
        }
        for stream in [StreamID(from: OfficeID("west")!, to: .head), HostileHead.stream] {
            try forge { $0.stream = stream }
        }
        try forge { $0.version = 2 }
        try forge { $0.watermark = -1 }
        try forge { $0.setAsideTotal = .min }
        try forge { ($0.setAsideVersion, $0.setAside, $0.setAsideTotal) = (1, notice("it\0em", "1"), 1) }
        try forge { ($0.setAsideVersion, $0.setAside, $0.setAsideTotal) = (2, notice("item", "1\0", "a\0b"), 1) }
        try forge { ($0.setAsideVersion, $0.setAside, $0.setAsideTotal) = (3, notice("secret", "1"), 1) }
        try forge { ($0.setAsideVersion, $0.setAside, $0.setAsideTotal) = (4, [], .max) }
        try forge { ($0.setAsideVersion, $0.setAside) = (.max, []) }
        // What comes next makes the last one count on.
        try forge { $0.setAsideTotal = 5 }
        try forge { ($0.setAsideVersion, $0.setAsideFrom, $0.setAside) = (.max, .max, []) }
        try forge { $0.held = String(repeating: "h\0", count: 1_000_000) }
        try forge { _ in }
        let buckets: [(inout TableResult) -> Void] = [
            { $0.bucketCount = 3 }, { $0.bucketCount = 0 }, { $0.bucketCount = -16 }, { $0.bucketCount = 1 << 40 },
            { $0.differingBuckets = [-1, 16, .max] }, { $0.differingBuckets = Array(repeating: 0, count: 100_000) },
            { $0.rowsAtSender = .min }, { $0.differences = .min }, { $0.name = TableName("secret") },
            { $0.name = TableName("it\0em") }, { $0.problem = String(repeating: "p\0", count: 10_000) },
            { $0.differingKeys = [KeyDifference(key: RowKey(["1", nil, "\0"]), kind: .different)] },
        ]
        for change in buckets { try forge { $0.verification = result(status, change) } }
        try await branchGoesOn(site, item: 2)
        let requests = kind == .postgres ? "trunkline.verification_request" : "trunkline_verification_request"
        #expect(try site.east.run("select count(*) from \(requests)") == "0")
        let (code, text) = try await site.exit(site.east, "verify")
        #expect(code == 0, "\(text)")
        // What the head says that it lost goes again.
        try forge { ($0.watermark, $0.behind) = (0, Ack.Behind(epoch: $0.epoch, number: 1)) }
        try await eventually("a new epoch has begun") { try sending(site).epoch != status.epoch }
        try await branchGoesOn(site, item: 3)
        try hostile.send([.price(101)])
        try await pricesArrive(site, 1)
        try await site.stopAll()
    }

    /// Of what no batch can be behind it: the stream stops, nothing is forgotten, and a person lets it go on.
    @Test(arguments: kinds, ["never sent", "other epoch", "other batch"])
    func anAckThatCannotBeTrueStopsItsStreamAndLosesNothing(kind: DatabaseKind, lie: String) async throws {
        let site = try await site(kind)
        let hostile = try HostileHead(site)
        try await branchGoesOn(site, item: 1)
        for service in Site.headServices { try await site.kill("head/\(service)") }
        try site.east.run("insert into item values (2, 'honest', 2)")
        try await eventually("it is on its way") { try sending(site).inFlightBatches == 1 }
        let status = try sending(site)
        var ack = Ack(
            stream: status.stream, epoch: try #require(status.epoch), watermark: status.lastFormed, setAsideVersion: 0,
            setAside: nil, setAsideTotal: 0)
        switch lie {
        case "never sent": ack.watermark = .max
        case "other epoch": ack.epoch = UUID()
        default: ack.batchID = UUID()
        }
        try hostile.putAck(ack.encoded())
        try await eventually("the stream is stopped") { try sending(site).stopped != nil }
        let text = try site.trunkline(site.east, "status")
        #expect(text.contains("restored from an older backup"), "\(text)")
        #expect(try sending(site).watermark == status.watermark)
        try hostile.send([.price(101)])
        try await pricesArrive(site, 1)
        for service in Site.headServices { try site.start(service, at: site.head) }
        try site.trunkline(site.east, "recover", "--keep-branch")
        try await branchGoesOn(site, item: 3)
        try await site.stopAll()
    }
}
