import Testing
import TrunklineCore

@testable import TrunklineRuntime

/// What the list of tables says of one that looks otherwise here.
struct RowMappingTextTests {
    private static let price = TableName("price")

    private func configured(_ entry: String) -> Configured {
        let yaml = """
            office: {id: head}
            database: {url: "sqlite:///var/lib/shop.db"}
            broker: {url: "amqp://user:secret@localhost/"}

            """
        return Configured(yaml: yaml + "tables: [" + entry + "]")
    }

    @Test func columnsHaveSourcesOfEveryKind() async throws {
        let entry = """
            {name: price, into: warehouse.price, where: cents > 0, leave-out: [note, secret], columns: {amount: qty,
            total_eur: 'total * 0.92', till: {value: 7}, nothing: {value: null}, odd: {expression: 'a b'},
            sku: [article, 'ware || 1'], client: {lookup: client, match: number, by: customer_no, take: id}}, new-columns: keep}
            """
        let rule = TableRule(
            Self.price,
            mapping: RowMapping(
                into: TableName(schema: "warehouse", "price"),
                columns: [
                    "amount": .expression("qty"), "total_eur": .expression("total * 0.92"), "till": .constant("7"),
                    "nothing": .constant(nil), "odd": .expression("a b"),
                    "sku": .firstOf(["article", "ware || 1"]),
                    "client": .lookup(
                        RowMapping.Lookup(
                            table: TableName("client"), match: "number", by: "customer_no", take: "id")),
                ], leftOut: ["note", "secret"], filter: "cents > 0", newColumns: .keep))
        #expect(try await configured(entry).load().tables == .listed([rule]))
    }

    @Test(arguments: [
        (
            "{name: price, direction: down, into: other}",
            "price: into is for the office that stores the rows, the branch; leave it out here"
        ),
        (
            "{name: price, direction: shared, conflict: manual, columns: {a: b}}",
            "price: columns is for up or down tables; write direction: up, or leave columns out"
        ),
        (
            "{name: price, new-columns: ignore}",
            "price: new-columns: \"ignore\" is not one of add, keep, refuse"
        ),
        (
            "{name: price, columns: a}",
            "price: columns: is not a mapping; write {amount: qty, total_eur: \"total * 0.92\"}"
        ),
        (
            "{name: price, columns: {a: [b]}}",
            "price: columns: a: a list has two names of theirs or more, of which the first is taken that there is"
        ),
        (
            "{name: price, columns: {a: }}",
            "price: columns: a: is empty; write the name of a column of theirs, an expression, or {value: …}"
        ),
        (
            "{name: price, columns: {a: {value: 1, expression: b}}}",
            "price: columns: a: takes one of value, expression and lookup"
        ),
        (
            "{name: price, columns: {a: {lookup: t, match: m, by: b}}}",
            "price: columns: a: has no take; name the column whose value is taken"
        ),
        ("{name: price, columns: {a: b}, leave-out: [a]}", "price: leave-out: a is under columns too; leave one out"),
        ("{name: price, leave-out: ['']}", "price: leave-out: is a list of names; write [note, secret]"),
    ])
    func whatIsWrongIsNamed(entry: String, problem: String) async throws {
        #expect(try await configured(entry).problems() == ["tables: \(problem)"])
    }
}
