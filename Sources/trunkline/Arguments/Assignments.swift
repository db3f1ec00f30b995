import ArgumentParser

/// `column=value` on the command line; without `=` it is NULL.
enum Assignments {
    static func check(_ texts: [String]) throws {
        guard !texts.contains(where: { $0.isEmpty || $0.hasPrefix("=") }) else {
            throw ValidationError("--set takes column=value.")
        }
        var seen: Set<Substring> = []
        for text in texts {
            let name = text.prefix { $0 != "=" }
            guard seen.insert(name).inserted else {
                throw ValidationError("--set says column \(name) twice.")
            }
        }
    }

    static func values(_ texts: [String]) -> [String: String?] {
        var values: [String: String?] = [:]
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            values[String(parts[0])] = .some(parts.count == 2 ? String(parts[1]) : nil)
        }
        return values
    }
}
