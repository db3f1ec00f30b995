import Foundation
import Testing
import TrunklineCore

@testable import TrunklineRuntime

/// The entries of `tables` that say more than a name.
@Suite struct TableRuleTextTests {
    private static let price = TableName("price")

    private func configured(_ tables: String, office: String = "head") -> Configured {
        let yaml = """
            office: {id: \(office)}
            database: {url: "sqlite:///var/lib/shop.db"}
            broker: {url: "amqp://user:secret@localhost/"}

            """
        return Configured(yaml: yaml + "tables: " + tables)
    }

    private func problems(_ tables: String, office: String = "head") async throws -> [String] {
        try await configured(tables, office: office).problems()
    }

    @Test(arguments: [
        ("{name: price}", TableRule(price)),
        ("{name: price, direction: up}", TableRule(price)),
        ("{name: stock.price, direction: down}", TableRule(TableName(schema: "stock", "price"), direction: .down)),
        ("{name: price, direction: down, to: all}", TableRule(price, direction: .down)),
        (
            "{name: price, direction: down, route: {column: branch_id}}",
            TableRule(price, direction: .down, route: .column("branch_id"))
        ),
        (
            "{name: price, direction: down, route: {column: region, through: {table: s.region_branch, from: region, to: branch_id}}}",
            TableRule(
                price, direction: .down,
                route: .mapping(
                    column: "region", through: TableName(schema: "s", "region_branch"), from: "region",
                    to: "branch_id"))
        ),
        (
            "{name: price, direction: down, where: \" kind <> 'draft' \"}",
            TableRule(price, direction: .down, filter: "kind <> 'draft'")
        ),
    ])
    func theHeadSaysWhoGetsWhat(entry: String, rule: TableRule) async throws {
        #expect(try await configured("[\(entry)]").load().tables == .listed([rule]))
    }

    @Test(arguments: [
        ("[{name: price, direction: down}]", TableSelection.listed([TableRule(price, direction: .down)])),
        ("[{name: price, direction: down, local-writes: refuse}]", .listed([TableRule(price, direction: .down)])),
        (
            "[{name: price, direction: down, local-writes: overwrite}]",
            .listed([TableRule(price, direction: .down, localWrites: .overwrite)])
        ),
        (
            "[{name: price, direction: down, into: offer, where: cents > 0}]",
            .listed([
                TableRule(
                    price, direction: .down, mapping: RowMapping(into: TableName("offer"), filter: "cents > 0"))
            ])
        ),
        (
            "[sale, {name: price, direction: down}, {accept: new}]",
            .listed([TableRule(TableName("sale")), TableRule(price, direction: .down)], acceptsNew: true)
        ),
        ("[{accept: new}]", .listed([], acceptsNew: true)),
        (
            "\n- sale\n- name: price\n  direction: down\n",
            .listed([TableRule(TableName("sale")), TableRule(price, direction: .down)])
        ),
        ("[price, public.price]", .names([price, TableName(schema: "public", "price")])),
        ("['\"my,sale\"', {name: all}]", .listed([TableRule(TableName("my,sale")), TableRule(TableName("all"))])),
    ])
    func aBranchSaysWhatItTakes(list: String, selection: TableSelection) async throws {
        let requirements = SettingsRequirements("test", tables: .always)
        #expect(try await configured(list, office: "east").load(for: requirements).tables == selection)
    }

    @Test(
        arguments: ["TRUNKLINE_TABLES", "flag", "text in the file"],
        [
            #"[ "sale", {"name": "price", "direction": "down", "where": "a = \"\u00e4\""} ]"#, "@DIR/tables.yaml",
            " @DIR/tables.json",
        ])
    func aVariableAndAFlagSayTheSame(place: String, text: String) async throws {
        let yaml = "- sale\n- name: price\n  direction: down\n  where: a = \"ä\"\n"
        let json = #"["sale", {"name": "price", "direction": "down", "where": "a = \"ä\""}]"#
        var configured = configured("[other]")
        switch place {
        case "flag": configured.flags = ["tables": text]
        case "TRUNKLINE_TABLES": configured.environment = ["TRUNKLINE_TABLES": text]
        default: configured = self.configured("'\(text)'")
        }
        let settings = try await configured.load(files: ["tables.yaml": yaml, "tables.json": json])
        #expect(
            settings.tables
                == .listed([TableRule(TableName("sale")), TableRule(Self.price, direction: .down, filter: "a = \"ä\"")])
        )
    }

    @Test func aFileMayHoldEveryForm() async throws {
        var configured = configured("'@tables.yaml'", office: "east")
        for (text, selection) in [
            ("all", TableSelection.all(except: [])), ("{all: true, except: [a]}", .all(except: [TableName("a")])),
            ("a, b", .names([TableName("a"), TableName("b")])),
        ] {
            #expect(try await configured.load(files: ["tables.yaml": text]).tables == selection)
        }
        configured.environment = ["TRUNKLINE_TABLES": #"{"all": true, "except": ["b"]}"#]
        #expect(try await configured.load().tables == .all(except: [TableName("b")]))
    }

    @Test(arguments: ["[a]", "@a", "{a}"]) func aNameThatLooksLikeAnotherFormStandsInQuotes(name: String) async throws {
        var configured = configured("[other]")
        configured.environment = ["TRUNKLINE_TABLES": "\"\(name)\",b"]
        #expect(try await configured.load().tables == .names([TableName(name), TableName("b")]))
    }

    @Test func aFileIsNamedInItsProblems() async throws {
        var configured = configured("[other]")
        configured.environment = ["TRUNKLINE_TABLES": "@DIR/tables.yaml"]
        for (text, ending) in [
            (
                "- {name: price, direction: dwn}",
                "direction: \"dwn\" is not one of up, down, shared; did you mean down?"
            ),
            ("- [", "line 2, column 1: did not find expected node content"), ("# nothing", "is empty"),
        ] {
            let problems = try await configured.problems(files: ["tables.yaml": text])
            let problem = try #require(problems.first)
            #expect(problems.count == 1 && problem.hasPrefix("tables (from TRUNKLINE_TABLES): /"), "\(problems)")
            #expect(problem.contains("/tables.yaml: ") && problem.hasSuffix(ending), "\(problems)")
        }
        let missing = try await configured.problems()
        #expect(missing.count == 1 && missing[0].contains(": there is no file /"), "\(missing)")
        configured.environment = ["TRUNKLINE_TABLES": "[{"]
        let broken = try await configured.problems()
        #expect(
            broken.count == 1 && broken[0].hasPrefix("tables (from TRUNKLINE_TABLES): line 2, column 1: "), "\(broken)")
    }

    @Test(arguments: [
        ("{name: price, dirction: down}", "price: unknown key dirction, did you mean direction?"),
        (
            "{name: price, zebra: 1}",
            "price: unknown key zebra; it takes name, direction, to, route, where, local-writes, conflict, into, columns, leave-out, new-columns, accept"
        ),
        (
            "{name: price, direction: dwn}",
            "price: direction: \"dwn\" is not one of up, down, shared; did you mean down?"
        ),
        (
            "{name: price, direction: shared}",
            "price: a shared table needs conflict; write conflict: last-writer-wins, or another policy"
        ),
        ("{name: price, direction: }", "price: direction: is empty; give it a value, or leave it out"),
        ("{name: price, direction: [up]}", "price: direction: takes one value, not a list or mapping"),
        ("{name: price, direction: down, to: al}", "price: to: \"al\" is not all; did you mean all?"),
        (
            "{name: price, direction: down, to: east}",
            "price: to: \"east\" is not all; for some of the branches, write route in its place"
        ),
        (
            "{name: price, direction: down, to: all, route: {column: b}}",
            "price: to: all and route do not go together; leave one out"
        ),
        (
            "{name: price, direction: down, route: branch_id}",
            "price: route: is not a mapping; write {column: branch_id}, or {column: region, through: {table: region_branch, from: region, to: branch_id}}"
        ),
        (
            "{name: price, direction: down, route: {}}",
            "price: route: has no column; write {column: branch_id}, or {column: region, through: {table: region_branch, from: region, to: branch_id}}"
        ),
        (
            "{name: price, direction: down, route: {column: a, throgh: b}}",
            "price: route: unknown key throgh, did you mean through?"
        ),
        (
            "{name: price, direction: down, route: {column: a, through: b}}",
            "price: route: through: is not a mapping; write {table: region_branch, from: region, to: branch_id}"
        ),
        (
            "{name: price, direction: down, route: {column: a, through: {from: a, to: b}}}",
            "price: route: through: has no table; name the table that maps the values of the column to branches"
        ),
        (
            "{name: price, direction: down, route: {column: a, through: {table: a.b.c, from: a, to: b}}}",
            "price: route: through: table: \"a.b.c\" is not a table name; write name or schema.name, a part with a dot in double quotes"
        ),
        (
            "{name: price, direction: down, route: {column: a, through: {table: a, to: b}}}",
            "price: route: through: has no from; name its column with the values of the table's own column"
        ),
        (
            "{name: price, direction: down, route: {column: a, through: {table: a, from: b}}}",
            "price: route: through: has no to; name its column with the names of branches"
        ),
        ("{name: price, direction: down, where: ' '}", "price: where: is empty; give it a value, or leave it out"),
        ("{name: price, to: all}", "price: to is for down or shared tables; write direction: down, or leave to out"),
        (
            "{name: price, route: {column: a}}",
            "price: route is for down or shared tables; write direction: down, or leave route out"
        ),
        (
            "{name: price, direction: down, local-writes: refuse}",
            "price: local-writes is for the branches, whose programs write there; leave it out here"
        ),
        ("{direction: down}", "entry 1: has no name; write name: and the table's name"),
        ("{name: }", "entry 1: name: is empty; give it a value, or leave it out"),
        (
            "{name: a.b.c}",
            "entry 1: name: \"a.b.c\" is not a table name; write name or schema.name, a part with a dot in double quotes"
        ),
        ("[price]", "entry 1: is neither a table's name nor a mapping; write name, or {name: …}"),
        ("''", "entry 1: is neither a table's name nor a mapping; write name, or {name: …}"),
        ("price, {name: price, direction: down}", "price: is named twice; leave one out"),
        ("{name: price}, {name: price}", "price: is named twice; leave one out"),
        ("public.price, {name: price, direction: down}", "price: is named as public.price too; leave one out"),
        ("{name: price, direction: down, where: null}", "price: where: is empty; give it a value, or leave it out"),
        ("~", "entry 1: is neither a table's name nor a mapping; write name, or {name: …}"),
        (
            "all, {name: price, direction: down}",
            "all is every table, each of them up; where some are down, list all of them by name"
        ),
    ])
    func theHeadIsToldWhatIsWrong(entries: String, problem: String) async throws {
        #expect(try await problems("[\(entries)]") == ["tables: \(problem)"])
    }

    @Test(arguments: [
        ("last-writer-wins", ConflictPolicy(.lastWriterWins)), ("manual", ConflictPolicy(.manual)),
        ("merge-columns", ConflictPolicy(.lastWriterWins, columns: .init())),
        ("{policy: head-wins}", ConflictPolicy(.headWins)),
        ("{policy: merge-columns, then: branch-wins}", ConflictPolicy(.branchWins, columns: .init())),
        (
            "{delta: [stock, points], then: manual}",
            ConflictPolicy(.manual, columns: .init(added: ["points", "stock"]))
        ),
        ("{delta: stock}", ConflictPolicy(.lastWriterWins, columns: .init(added: ["stock"]))),
    ])
    func aSharedTableHasAPolicy(text: String, policy: ConflictPolicy) async throws {
        for office in ["head", "east"] {
            let rules = try await configured(
                "[{name: price, direction: shared, conflict: \(text)}]", office: office
            ).load().tables.rules
            #expect(rules == [TableRule(TableName("price"), direction: .shared, conflict: policy)])
        }
    }

    @Test(arguments: [
        ("lwast-writer-wins", "is not one of"), ("delta", "delta names its columns"), ("[a]", "neither a policy nor"),
        ("{delta: []}", "takes the columns"), ("{delta: [a, a]}", "twice"),
        ("{then: manual}", "neither policy nor delta"),
        ("{policy: head-wins, then: manual}", "then goes with"), ("{policy: delta}", "is not one of"),
        ("{policy: merge-columns, delta: [a]}", "a policy of its own"),
        ("{policy: merge-columns, than: manual}", "then?"),
    ])
    func aPolicyThatIsNoneIsNamed(text: String, problem: String) async throws {
        let found = try await problems("[{name: price, direction: shared, conflict: \(text)}]")
        #expect(
            found.count == 1 && found[0].hasPrefix("tables: price: conflict: ") && found[0].contains(problem),
            "\(found)")
        let elsewhere = try await problems("[{name: price, direction: down, conflict: manual}]")
        #expect(
            elsewhere == [
                "tables: price: conflict is for shared tables; write direction: shared, or leave conflict out"
            ])
    }

    @Test(arguments: [
        (
            "{name: price, direction: down, route: {column: a}}",
            "price: route is for the head, which sends the rows; leave it out here"
        ),
        (
            "{name: price, direction: down, to: all}",
            "price: to is for the head, which sends the rows; leave it out here"
        ),
        (
            "{name: price, where: a}",
            "price: where is for the office that stores the rows, the head; leave it out here"
        ),
        (
            "{name: price, into: a}",
            "price: into is for the office that stores the rows, the head; leave it out here"
        ),
        (
            "{name: price, local-writes: overwrite}",
            "price: local-writes is for down tables; write direction: down, or leave local-writes out"
        ),
        (
            "{name: price, direction: down, local-writes: overwrit}",
            "price: local-writes: \"overwrit\" is not one of refuse, overwrite; did you mean overwrite?"
        ),
        ("{accept: nwe}", "entry 1: accept: \"nwe\" is not new; did you mean new?"),
        (
            "{name: price, accept: new}",
            "entry 1: accept is for all tables that are missing; take it into an entry of its own, without name"
        ),
        ("{accept: new, naem: price}", "entry 1: unknown key naem, did you mean name?"),
        ("{accept: new}, {accept: new}", "entry 2: accept: new is there twice; leave one out"),
    ])
    func aBranchIsToldWhatIsWrong(entries: String, problem: String) async throws {
        #expect(try await problems("[\(entries)]", office: "east") == ["tables: \(problem)"])
    }

    @Test func everyProblemIsReportedAtOnce() async throws {
        let list = """

            - {name: price, direction: down, to: al, where: , local-writes: refuse}
            - -sale
            - {nmae: item}
            - {name: stock, route: {colum: a, through: {table: a.b.c, form: x, to: y}}}
            - accept: old
            - [x]
            - price
            batch: {rows: many}
            """
        #expect(
            try await problems(list) == [
                "tables: price: local-writes is for the branches, whose programs write there; leave it out here",
                "tables: price: to: \"al\" is not all; did you mean all?",
                "tables: price: where: is empty; give it a value, or leave it out",
                "tables: \"-sale\" is an exception, of which there are some from all only; write all,-sale",
                "tables: entry 3: has no name; write name: and the table's name",
                "tables: entry 3: unknown key nmae, did you mean name?",
                "tables: stock: route is for down or shared tables; write direction: down, or leave route out",
                "tables: stock: route: unknown key colum, did you mean column?",
                "tables: stock: route: has no column; write {column: branch_id}, or {column: region, through: {table: region_branch, from: region, to: branch_id}}",
                "tables: stock: route: through: unknown key form, did you mean from?",
                "tables: stock: route: through: table: \"a.b.c\" is not a table name; write name or schema.name, a part with a dot in double quotes",
                "tables: stock: route: through: has no from; name its column with the values of the table's own column",
                "tables: entry 5: accept: \"old\" is not new",
                "tables: entry 6: is neither a table's name nor a mapping; write name, or {name: …}",
                "tables: price: is named twice; leave one out",
                "batch.rows: \"many\" is not a whole number",
            ])
    }

    /// Of an office that is not known, nothing is said of what belongs to the other side.
    @Test func withoutAnOfficeTheRestIsChecked() async throws {
        let yaml = """
            database: {url: "sqlite:///x"}
            tables: [{name: a, direction: down, to: all}, {name: b, direction: down, local-writes: refuse}, {accept: new}, {name: c, to: all}]
            """
        let problems = try await Configured(yaml: yaml).problems()
        #expect(problems.count == 2 && problems[0].hasPrefix("office.id: is missing"), "\(problems)")
        #expect(
            problems.last == "tables: c: to is for down or shared tables; write direction: down, or leave to out")
    }

    /// A list of mappings elsewhere is a problem of its key, and the other keys are read.
    @Test func otherKeysAreReadBesideStructuredTables() async throws {
        let problems = try await problems("[{name: a}]\nlog: {level: [{a: b}]}\nbatch: {rows: 0}\nstale: [{a: b}]")
        #expect(
            problems == [
                "unknown key stale, did you mean stale.timeout?", "batch.rows: 0 is not from 1 to 200000",
                "log.level: takes one value, not a list",
            ])
    }

    /// The examples of the documents are valid, the head's and the branch's.
    @Test(arguments: ["head", "east"]) func theDocumentedListIsValid(office: String) async throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/operations.md")
        let text = try String(contentsOf: file.standardized, encoding: .utf8)
        let block = try #require(
            text.matches(of: /(?s)```yaml\n(# at .*?)```/).map { String($0.1) }
                .first { $0.hasPrefix(office == "head" ? "# at the head" : "# at a branch") })
        let list = try #require(block.firstRange(of: "tables:"))
        let rules = try #require(
            try await configured(String(block[list.upperBound...]), office: office).load().tables.rules)
        #expect(rules.map(\.direction) == [.up, .down, .down, .down])
    }
}
