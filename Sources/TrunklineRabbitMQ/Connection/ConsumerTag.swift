/// The tag of a consumer: the name of its queue, so that each delivery says where it comes from, and a number.
///
/// Never the same twice on a connection: a queue with a single active consumer takes one that comes back under the tag
/// of a cancelled one, of which messages are still unacknowledged, for that one, and delivers nothing more.
enum ConsumerTag {
    static func text(_ queue: String, _ number: UInt64) -> String { "\(queue)#\(number)" }

    static func queue(_ tag: String) -> String {
        tag.lastIndex(of: "#").map { String(tag[..<$0]) } ?? tag
    }
}
