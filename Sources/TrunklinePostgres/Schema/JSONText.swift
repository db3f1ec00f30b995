import FoundationEssentials
internal import TrunklineCore

/// Values of the core that the bookkeeping keeps as JSON text.
enum JSONText {
    static func encode(_ value: some Encodable) -> String {
        // These are our own plain structs: encoding them cannot fail.
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try! encoder.encode(value), as: UTF8.self)
    }

    static func decode<T: Decodable>(_ type: T.Type, _ text: String, _ what: String) throws(StoreError) -> T {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw StoreError(.database, operation: "read", subject: what, reason: "it is not the JSON that was written")
        }
    }
}
