/// The stored values that stand for one canonical text in a key's column.
///
/// SQLite tells `'A0EE…'` from `'a0ee…'` and `'1'` from `'1.0'`, where a type of that name elsewhere does not. So that the
/// rows which mean the same key can be looked up, a key must be in one of a few usual spellings.
struct KeySpellings {
    let kind: WireKind
    let affinity: DeclaredType.Affinity

    /// Whether a canonical text has more than one.
    var areSeveral: Bool {
        switch kind {
        case .decimal, .boolean, .date, .time, .timestamp, .uuid: true
        // Without a declared type a number and its text are two values.
        case .text: affinity == .blob
        case .integer, .float, .bytes: false
        }
    }

    /// The canonical one first.
    func values(_ canonical: String) -> [SQLiteValue] {
        let texts: [String]
        var numbers: [SQLiteValue] = []
        switch kind {
        case .uuid:
            let bare = canonical.filter { $0 != "-" }
            let spellings = [canonical, canonical.uppercased(), bare, bare.uppercased()]
            texts = spellings + spellings.map { "{\($0)}" }
        case .decimal(let size):
            texts = decimals(canonical, size)
            numbers = Int64(texts[0]).map { [.integer($0)] } ?? Double(texts[0]).map { [.real($0)] } ?? []
        case .boolean:
            numbers = [.integer(canonical == "t" ? 1 : 0)]
            texts = canonical == "t" ? ["t", "true"] : ["f", "false"]
        case .date: texts = [canonical, canonical + " 00:00:00", canonical + "T00:00:00"]
        case .time: texts = [canonical] + withoutSeconds(canonical)
        case .timestamp(let isZoned): texts = timestamps(canonical, isZoned)
        case .text:
            texts = [canonical]
            if let number = Int64(canonical), String(number) == canonical { numbers.append(.integer(number)) }
            if let number = Double(canonical), DecimalText.shortest(number) == canonical {
                numbers.append(.real(number))
            }
        case .integer, .float, .bytes: texts = [canonical]
        }
        return numbers + texts.map { .text(Array($0.utf8)) }
    }

    /// With none to all of the zeros that the scale has room for.
    private func decimals(_ canonical: String, _ size: DecimalSize?) -> [String] {
        guard let plain = DecimalText.normalised(canonical) else { return [canonical] }
        let digits = plain.split(separator: ".").dropFirst().first?.count ?? 0
        let room = max(0, min(size?.scale ?? 0, 12) - digits)
        let separator = digits == 0 ? "." : ""
        return [plain]
            + (0..<room).map { plain + separator + String(repeating: "0", count: $0 + 1) }
    }

    private func withoutSeconds(_ clock: String) -> [String] {
        clock.hasSuffix(":00") ? [String(clock.dropLast(3))] : []
    }

    private func timestamps(_ canonical: String, _ isZoned: Bool) -> [String] {
        let local = isZoned ? String(canonical.dropLast(3)) : canonical
        var texts = [local] + withoutSeconds(local)
        texts += texts.map { $0.split(separator: " ").joined(separator: "T") }
        let midnight = " 00:00:00"
        if local.hasSuffix(midnight) { texts.append(String(local.dropLast(midnight.count))) }
        guard isZoned else { return texts }
        return [canonical] + texts + texts.map { $0 + "Z" } + texts.map { $0 + "+00:00" } + texts.map { $0 + "+00" }
    }
}
