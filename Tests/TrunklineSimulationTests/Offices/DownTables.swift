import TrunklineCore

/// The tables that the head writes, and who is to have which of their rows, said once more without the product.
enum DownTables {
    /// As a branch has them, the key first; a parent before its children.
    static let columns: KeyValuePairs = [
        "price": ["id", "name", "amount"], "article": ["id", "price", "listed"], "transfer": ["id", "place", "what"],
        "offer": ["region", "number", "text"],
    ]

    static let rules = [
        TableRule(TableName("price"), direction: .down),
        TableRule(TableName("article"), direction: .down, filter: "listed = 1"),
        TableRule(TableName("transfer"), direction: .down, route: .column("place")),
        TableRule(
            TableName("offer"), direction: .down,
            route: .mapping(column: "region", through: TableName("region_branch"), from: "region", to: "branch")),
    ]

    static let atHead = """
        CREATE TABLE price (id INTEGER PRIMARY KEY, name TEXT UNIQUE, amount INTEGER);
        CREATE TABLE article (id INTEGER PRIMARY KEY, price INTEGER REFERENCES price (id), listed INTEGER);
        CREATE TABLE transfer (id INTEGER PRIMARY KEY, place TEXT, what TEXT);
        CREATE TABLE offer (
            region INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT, PRIMARY KEY (region, number));
        CREATE TABLE region_branch (region INTEGER NOT NULL, branch TEXT NOT NULL, PRIMARY KEY (region, branch));
        """

    /// At a branch that has the tables before: a price that is on its shelf cannot go.
    static let atBranch = """
        CREATE TABLE price (id INTEGER PRIMARY KEY, name TEXT, amount INTEGER);
        CREATE TABLE article (id INTEGER PRIMARY KEY, price INTEGER REFERENCES price (id), listed INTEGER);
        CREATE TABLE transfer (id INTEGER PRIMARY KEY, place TEXT, what TEXT);
        CREATE TABLE offer (
            region INTEGER NOT NULL, number INTEGER NOT NULL, text TEXT, PRIMARY KEY (region, number));
        CREATE TABLE shelf (price INTEGER REFERENCES price (id));
        """

    /// The rows of a table that are for a branch, by the columns that it has, read from the head's tables and chosen here.
    static func rows(of table: String, for branch: OfficeID, at head: SimulatedOffice) throws -> [[String?]] {
        let columns = columns.first { $0.key == table }!.value
        let rows = try head.application.rows("SELECT \(columns.joined(separator: ", ")) FROM \(table) ORDER BY 1, 2")
        switch table {
        case "price": return rows
        case "article": return rows.filter { $0[2] == "1" }
        case "transfer": return rows.filter { $0[1] == branch.description }
        case "offer":
            let regions = Set(
                try head.application.rows("SELECT region, branch FROM region_branch")
                    .filter { $0[1] == branch.description }.map { $0[0]! })
            return rows.filter { regions.contains($0[0]!) }
        default: preconditionFailure("\(table) is none of them")
        }
    }
}
