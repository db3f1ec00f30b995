import Testing
import TrunklineCore

@testable import trunkline

@Suite struct TablesReportTests {
    private static let sale = TableRule(TableName("sale"))
    private static let price = TableName("price")

    @Test func whatIsStoredOtherwiseIsShown() {
        let mapping = RowMapping(
            into: TableName("turnover"),
            columns: ["amount": .expression("qty"), "sku": .firstOf(["article", "ware"]), "till": .constant(nil)],
            leftOut: ["note"], filter: "qty <> 0", newColumns: .add)
        let report = TablesReport(role: .head, tables: .listed([TableRule(TableName("sale"), mapping: mapping)]))
        #expect(
            report.lines == [
                "  sale: up; stored in turnover; amount is qty; sku is article, or ware; till is NULL; without note; where qty <> 0; new columns: add"
            ])
    }

    @Test func theHeadSaysWhoGetsWhat() {
        let report = TablesReport(
            role: .head,
            tables: .listed([
                Self.sale, TableRule(Self.price, direction: .down, filter: "kind\n<> 'draft'"),
                TableRule(TableName("note"), direction: .down, route: .column("branch_id")),
                TableRule(
                    TableName("offer"), direction: .down,
                    route: .mapping(
                        column: "region", through: TableName("region_branch"), from: "region", to: "branch_id")),
            ]))
        #expect(report.summary == "1 table up, 3 tables down")
        #expect(
            report.lines == [
                "  sale: up", "  price: down, to all branches, where kind·<> 'draft'",
                "  note: down, to the branch that branch_id names",
                "  offer: down, to the branches that region_branch.branch_id names where region_branch.region is its region",
            ])
    }

    @Test func aBranchSaysWhatItTakes() {
        let report = TablesReport(
            role: .branch,
            tables: .listed(
                [
                    TableRule(Self.price, direction: .down),
                    TableRule(TableName("note"), direction: .down, localWrites: .overwrite),
                ], acceptsNew: true))
        #expect(report.summary == "2 tables down, new tables of the head")
        #expect(
            report.lines == [
                "  price: down, local writes are refused",
                "  note: down, local writes stand until the head's row changes",
            ])
    }

    @Test(arguments: [
        (OfficeRole.head, TableSelection.listed([]), "any table up"),
        (.head, .listed([TableRule(price, direction: .down)]), "any table up, 1 table down"),
        (.branch, .listed([]), "no table"), (.branch, .all(except: []), "all tables up"),
        (.branch, .all(except: [price]), "all tables up but 1"),
    ])
    func theRestIsSummedUp(role: OfficeRole, tables: TableSelection, summary: String) {
        #expect(TablesReport(role: role, tables: tables).summary == summary)
    }
}
