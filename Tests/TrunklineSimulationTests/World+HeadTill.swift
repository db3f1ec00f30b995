extension World {
    /// What the head's application writes: few keys, so that rows change often, and change those whom they are for.
    func headStatement() -> String {
        let (key, other) = (draw(1..<7), draw(1..<7))
        let (number, region) = (draw(1..<10), draw(1..<4))
        let place = draw(places)
        switch draw(0..<27) {
        case 0, 1: return "INSERT OR IGNORE INTO price VALUES (\(key), 'name \(other)', \(number))"
        case 2, 3: return "UPDATE price SET amount = \(number) WHERE id = \(key)"
        case 4: return "DELETE FROM price WHERE id = \(key)"
        case 5: return "REPLACE INTO price VALUES (\(key), 'name \(other)', \(number))"
        case 6: return "UPDATE price SET id = \(other) WHERE id = \(key)"
        case 7, 8: return "INSERT OR REPLACE INTO article VALUES (\(key), \(other), \(number % 2))"
        case 9: return "UPDATE article SET listed = 1 - listed WHERE id = \(key)"
        case 10: return "DELETE FROM article WHERE id = \(key)"
        case 11: return "UPDATE article SET id = \(other) WHERE id = \(key)"
        case 12, 13, 14: return "INSERT OR REPLACE INTO transfer VALUES (\(key), \(place), 'what \(number)')"
        case 15, 16: return "UPDATE transfer SET place = \(place) WHERE id = \(key)"
        case 17: return "UPDATE OR REPLACE transfer SET id = \(other), place = \(place) WHERE id = \(key)"
        case 18: return "DELETE FROM transfer WHERE id = \(key)"
        case 19, 20: return "INSERT OR REPLACE INTO offer VALUES (\(region), \(key), 'text\t\(number)')"
        case 21: return "UPDATE OR REPLACE offer SET region = \(draw(1..<4)), number = \(other) WHERE number = \(key)"
        case 22: return "DELETE FROM offer WHERE number = \(key)"
        case 23, 24: return "INSERT OR IGNORE INTO region_branch VALUES (\(region), \(draw(places)))"
        case 25: return "UPDATE OR REPLACE region_branch SET branch = \(place) WHERE region = \(region)"
        default: return "DELETE FROM region_branch WHERE region = \(region) AND branch = \(place)"
        }
    }

    /// As SQL: branches, some that nobody knows, and none.
    private var places: [String] {
        (branches + branches + latecomers).map { "'\($0.id)'" } + ["'nowhere'", "NULL"]
    }

    /// A program at a branch writes to a table of the head's: its database refuses that. It puts prices on its shelf, and
    /// takes them off.
    func writeLocally(at branch: SimulatedOffice) throws {
        let till = branch.application
        do {
            if branch.hasShelf, chance(0.7) {
                return try till.run(
                    chance(0.5) ? "DELETE FROM shelf" : "INSERT INTO shelf SELECT id FROM price WHERE id < 4")
            }
            let (table, columns) = draw(Array(DownTables.columns))
            guard try branch.has(table) else { return }
            let values = columns.map { _ in "9" }.joined(separator: ", ")
            try till.run("INSERT OR REPLACE INTO \(table) VALUES (\(values))")
            throw BrokenPromise("of one writer", "\(branch.id) took a local write to \(table), which the head writes")
        } catch let error as PlainConnection.Failure {
            guard !error.isLocked else { return log.note("\(branch.id) till: \(error)") }
            guard error.description.contains("is written by the head office (Trunkline, direction: down)") else {
                throw BrokenPromise("of one writer", "\(branch.id) refuses a local write with: \(error)")
            }
        }
    }

    /// As many changes came and went as make a compaction of the log worth while.
    func haveALongDay() throws {
        do {
            try head.application.run("UPDATE sqlite_sequence SET seq = seq + 10000 WHERE name = 'trunkline_change'")
            log.note("the head has a long day")
        } catch let error as PlainConnection.Failure where error.isLocked { return }
    }
}
