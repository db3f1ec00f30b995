import TrunklineCore

extension World {
    /// The application of an office writes something, as applications do: in transactions of one or more statements, of
    /// which some fail, some are rolled back, and some stay open for a while.
    func write(at office: SimulatedOffice) throws {
        let till = office.application
        do {
            if till.isInTransaction {
                if chance(0.5) { return try endTransaction(at: office) }
            } else if chance(0.15) {
                try till.run("BEGIN")
            }
            wake(office.id)
            for _ in 0..<draw(1..<4) { try run(office.id == .head ? headStatement() : statement(), at: office) }
        } catch let error as PlainConnection.Failure where error.isLocked {
            log.note("\(office.id) till: \(error)")
            // It would go on seeing what was there when it began, and the checks look over this connection.
            if till.isInTransaction { try till.run("ROLLBACK") }
        }
    }

    func endTransaction(at office: SimulatedOffice) throws {
        let end = chance(0.2) ? "ROLLBACK" : "COMMIT"
        try office.application.run(end)
        wake(office.id)
        log.note("\(office.id) till: \(end)")
    }

    /// A statement that breaks a constraint of the office's own fails, and the application goes on.
    private func run(_ sql: String, at office: SimulatedOffice) throws {
        do {
            try office.application.run(sql)
            log.note("\(office.id) till: \(sql)")
        } catch let error as PlainConnection.Failure where !error.isLocked {
            log.note("\(office.id) till: \(error)")
        }
    }

    /// Few keys, so that they are used again and again.
    private func statement() -> String {
        let (key, other) = (draw(1..<7), draw(1..<7))
        let customer = draw(1..<4)
        let quantity = draw(1..<10)
        switch draw(0..<16) {
        case 0, 1: return "INSERT OR IGNORE INTO customer VALUES (\(customer), 'name \(other)')"
        case 2: return "UPDATE customer SET name = 'name \(other) \(quantity)' WHERE id = \(customer)"
        case 3: return "DELETE FROM customer WHERE id = \(customer)"
        case 4: return "INSERT OR REPLACE INTO customer VALUES (\(customer), 'name \(other)')"
        case 5, 6, 7: return "INSERT INTO sale VALUES (\(key), \(customer), \(quantity))"
        case 8, 9: return "UPDATE sale SET quantity = \(quantity) WHERE id = \(key)"
        case 10: return "DELETE FROM sale WHERE id = \(key)"
        case 11: return "UPDATE sale SET id = \(other) WHERE id = \(key)"
        case 12: return "REPLACE INTO sale VALUES (\(key), \(customer), \(quantity))"
        case 13: return "INSERT OR REPLACE INTO line VALUES (\(key), \(customer), 'text\t\(quantity)')"
        case 14: return "UPDATE line SET text = NULL, number = number + 1 WHERE sale = \(key)"
        default: return "DELETE FROM line WHERE number = \(customer)"
        }
    }
}
