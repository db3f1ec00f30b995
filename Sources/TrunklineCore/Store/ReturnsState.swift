/// How far a sender has come that takes back the rows which a recovery kept at the receiver.
///
/// The kept rows are walked through in the order of their serials, table by table. What could not be stored is asked for
/// once more in another walk, as long as the last one stored something: a row may have come before the one it refers to.
public struct ReturnsState: Hashable, Sendable, Codable {
    /// Serials that were stored of the last page: the receiver is to be told.
    public var taken: [Int64]
    /// Through which serial each table was walked.
    public var places: [Place]
    /// Rows that this walk stored.
    public var stored: Int
    /// Rows that this walk could not store.
    public var refused: Int
    /// Whether rows were put aside of which the receiver may have some: both sides are compared once more.
    public var comparesAgain: Bool

    public struct Place: Hashable, Sendable, Codable {
        public var table: TableName
        public var serial: Int64

        public init(table: TableName, serial: Int64) {
            self.table = table
            self.serial = serial
        }
    }

    public init() {
        taken = []
        places = []
        stored = 0
        refused = 0
        comparesAgain = false
    }

    public func place(in table: TableName) -> Int64 { places.first { $0.table == table }?.serial ?? 0 }

    /// What the sender asks for next.
    /// - Parameter shapes: its tables that can be read, parents before their children.
    public func claim(_ shapes: [(name: TableName, key: [String], columns: [Column])]) -> ReturnsClaim {
        ReturnsClaim(
            taken: taken,
            tables: shapes.map {
                ReturnsClaim.Table(name: $0.name, key: $0.key, columns: $0.columns, after: place(in: $0.name))
            })
    }

    mutating func pass(_ table: TableName, through serial: Int64) {
        places.removeAll { $0.table == table }
        places.append(Place(table: table, serial: serial))
    }

    /// Whether what could not be stored may be now.
    var isWorthAnotherWalk: Bool { stored > 0 && refused > 0 }

    /// From the beginning, to the rows that are kept still.
    var anotherWalk: ReturnsState {
        var next = ReturnsState()
        next.comparesAgain = comparesAgain
        return next
    }
}
