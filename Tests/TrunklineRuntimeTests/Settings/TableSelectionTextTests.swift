import Testing
import TrunklineCore

@testable import TrunklineRuntime

@Suite struct TableSelectionTextTests {
    private func yaml(_ tables: String, office: String = "east") -> String {
        """
        office: {id: \(office)}
        database: {url: "sqlite:///var/lib/shop.db"}
        broker: {url: "amqp://east:secret@localhost/"}
        tables: \(tables)
        """
    }

    @Test(arguments: [
        ("all", TableSelection.all(except: [])),
        ("all,-a,-stock.b", .all(except: [TableName("a"), TableName(schema: "stock", "b")])),
        ("[all, -a]", .all(except: [TableName("a")])),
        ("{all: true}", .all(except: [])),
        ("{all: true, except: [a, stock.b]}", .all(except: [TableName("a"), TableName(schema: "stock", "b")])),
        ("{all: true, except: a}", .all(except: [TableName("a")])),
        ("['\"all\"']", .names([TableName("all")])),
        ("[a, b]", .names([TableName("a"), TableName("b")])),
    ])
    func everyFormIsRead(text: String, expected: TableSelection) async throws {
        #expect(try await Configured(yaml: yaml(text)).load().tables == expected)
    }

    @Test func theVariableWinsOverTheMapping() async throws {
        let configured = Configured(
            yaml: yaml("{all: true, except: [a]}"), environment: ["TRUNKLINE_TABLES": "all,-b"])
        #expect(try await configured.load().tables == .all(except: [TableName("b")]))
    }

    @Test(arguments: [
        ("[-a]", "\"-a\" is an exception, of which there are some from all only; write all,-a"),
        ("[all, a]", "all is every table, a too; leave a out, or all"),
        ("{except: [a]}", "goes with all: true"),
        ("{all: true, exept: [a]}", "unknown key exept"),
    ])
    func aMixIsRefused(text: String, problem: String) async throws {
        let problems = try await Configured(yaml: yaml(text)).problems()
        #expect(problems.count == 1 && problems[0].contains(problem), "\(problems)")
    }

    @Test func exceptionsAreForBranches() async throws {
        let problems = try await Configured(yaml: yaml("all,-a", office: "head")).problems()
        #expect(problems.count == 1 && problems[0].hasPrefix("tables: the head takes any table"))
    }
}
