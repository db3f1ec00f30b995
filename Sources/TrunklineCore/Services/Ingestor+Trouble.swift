extension Ingestor {
    /// Lanes that wait after a failure or work long on one batch, and what cannot be read.
    public func trouble() -> String? {
        let failing = lanes.filter { $0.value.failures > 0 }.sorted { $0.key < $1.key }
            .map { "\(title(of: $0.key)): \($0.value.error ?? "")" }
        let slow = lanes.sorted { $0.key < $1.key }.compactMap { key, lane -> String? in
            guard let time = lane.time(at: clock.now), time > .seconds(30) else { return nil }
            return "\(title(of: key)): one batch takes \(Int(time / .seconds(1))) s so far"
        }
        let unread = (configuration.expectsMessages ? leftOut : [:]).sorted { $0.key < $1.key }.map {
            "\($0.key): \($0.value)"
        }
        let all = failing + slow + unread + (refused.trouble.map { ["refused messages: \($0)"] } ?? [])
        guard let first = all.first else { return nil }
        return all.count == 1 ? first : "\(first) (and \(all.count - 1) more)"
    }

    private func title(of sender: String) -> String {
        configuration.office == .head ? "branch \(sender)" : "the \(sender)"
    }
}
