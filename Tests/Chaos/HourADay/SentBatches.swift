/// What a publisher says in its log of the batches that it handed to its connection.
struct SentBatches {
    /// Bytes of each batch's last sending.
    private(set) var bytes: [Int: Int] = [:]
    /// Bytes of all earlier ones. Of these some were cut off half-way.
    private(set) var again = 0

    init(log: String) {
        for line in log.split(separator: "\n") where line.contains("batch sent") {
            let fields = line.split(separator: " ").compactMap { field -> (Substring, Int)? in
                let parts = field.split(separator: "=")
                guard parts.count == 2, let number = Int(parts[1]) else { return nil }
                return (parts[0], number)
            }
            let values = Dictionary(fields) { $1 }
            guard let number = values["batch"], let size = values["bytes"] else { continue }
            again += bytes[number] ?? 0
            bytes[number] = size
        }
    }

    var useful: Int { bytes.values.reduce(0, +) }
    var largest: Int { bytes.values.max() ?? 0 }
}
