internal import TrunklineCore

/// How a value of the sender's type gets into a column here, and when it would not be the same value afterwards: a
/// cast of PostgreSQL's rounds, cuts and drops without a word.
struct ColumnFit: Hashable, Sendable {
    /// Whether a time stamp without a zone is stored with one: it is in UTC.
    private(set) var isUTC = false
    /// Whether values that are equal here are equal at the sender too. Of its texts a collation here may take two for one.
    private(set) var isEqualAtSender = false
    /// In SQL, of a text `%v`: whether the column would hold another value; nil: it never does.
    private var difference: String?

    /// - Parameters:
    ///   - wire: the sender's type.
    ///   - full: the column's, with its modifier.
    ///   - isKey: whether two values of the sender's must not become one here.
    init(wire: String, full: String, isKey: Bool = false) {
        let (sent, here) = (Shape(wire), Shape(full))
        isEqualAtSender = sent.base == here.base && !Self.collated.contains(here.element)
        guard wire != full else { return }
        switch (sent.base, here.base) {
        case ("numeric", "numeric"):
            guard let scale = here.last, sent.last.map({ $0 > scale }) ?? true else { return }
            difference = "%v::numeric IS DISTINCT FROM %v::\(full)::numeric"
        case ("real", "numeric"), ("double precision", "numeric"):
            if here.last != nil { difference = "%v::numeric IS DISTINCT FROM %v::\(full)::numeric" }
        case ("double precision", "real"):
            // What a `real` was written as, it is read from. More digits are another value's.
            difference = "%v::numeric IS DISTINCT FROM %v::real::text::numeric"
        case ("numeric", "real"), ("integer", "real"), ("bigint", "real"):
            difference = "%v::numeric IS DISTINCT FROM %v::real::numeric"
        case ("numeric", "double precision"), ("bigint", "double precision"):
            difference = "%v::numeric IS DISTINCT FROM %v::double precision::numeric"
        case (Shape.timestamp, "date"), (Shape.timestamptz, "date"):
            difference = "%v::timestamp IS DISTINCT FROM %v::date::timestamp"
        case (Shape.timestamptz, Shape.timestamp):
            // The zone would be lost, whatever the value.
            difference = "%v IS NOT NULL"
        case (Shape.timestamp, Shape.timestamptz):
            isUTC = true
            if here.precision < sent.precision {
                difference = "%v::timestamp IS DISTINCT FROM %v::timestamp(\(here.precision))"
            }
        case (Shape.timestamp, Shape.timestamp), (Shape.timestamptz, Shape.timestamptz),
            ("time without time zone", "time without time zone"):
            if here.precision < sent.precision { difference = "%v::\(here.base) IS DISTINCT FROM %v::\(full)" }
        case ("time without time zone", "time with time zone"), ("time with time zone", "time without time zone"):
            difference = "%v IS NOT NULL"
        case (let sent, let base) where sent.hasSuffix("[]") && base.hasSuffix("[]"):
            let element = ColumnFit(wire: String(wire.dropLast(2)), full: String(full.dropLast(2)))
            if element.difference != nil { difference = "%v::\(sent) IS DISTINCT FROM %v::\(full)::\(sent)" }
        case (let sent, let base) where sent.hasPrefix("interval") && base.hasPrefix("interval"):
            // One of some fields is written with them.
            if full != "interval" { difference = "%v::interval IS DISTINCT FROM %v::\(full)::interval" }
        case (Shape.timestamp, let base) where base.hasPrefix("time "),
            (Shape.timestamptz, let base) where base.hasPrefix("time "):
            difference = "%v IS NOT NULL"
        case ("numeric", "money"):
            difference = "%v::numeric IS DISTINCT FROM %v::numeric::money::numeric"
        case (_, "name"), (_, "\"char\""):
            difference = "%v IS DISTINCT FROM %v::\(full)::text"
        case ("text", let base) where Self.isText(base), ("character varying", let base) where Self.isText(base):
            // Of a text that is too long, blanks at its end are cut off without a word.
            guard here.last != nil, base == "character varying" else { return }
            difference = "%v IS DISTINCT FROM %v::\(full)::text AND rtrim(%v) = rtrim(%v::\(full)::text)"
        case ("text", let base), ("character varying", let base):
            // A text is compared as it is written, wherever rows are compared: 07 is not 7, and today no day.
            guard Self.respelling.contains(base) else { return }
            difference = "%v IS DISTINCT FROM format('%s', %v::\(full))"
        default: break
        }
    }

    /// Types of which a collation decides what is equal.
    private static let collated: Set<String> = ["text", "character varying", "character", "name"]

    /// Types that know several spellings of a value, but for those whose own spelling few senders use.
    private static let respelling: Set<String> = [
        "smallint", "integer", "bigint", "numeric", "real", "double precision", "uuid", "boolean", "date", "interval",
        Shape.timestamp, Shape.timestamptz, "time without time zone", "time with time zone", "money",
    ]

    private static func isText(_ base: String) -> Bool { ["text", "character varying", "character"].contains(base) }

    /// A type's name without its modifier, and the modifier's last number.
    private struct Shape {
        static let timestamp = "timestamp without time zone"
        static let timestamptz = "timestamp with time zone"
        var base: String
        var last: Int?
        /// Of a time.
        var precision: Int { last ?? 6 }
        /// Of an array, its elements'.
        var element: String { base.hasSuffix("[]") ? String(base.dropLast(2)) : base }

        init(_ type: String) {
            guard let open = type.firstIndex(of: "("), let close = type.firstIndex(of: ")"), open < close else {
                base = type
                return
            }
            base = String(type[..<open] + type[type.index(after: close)...])
            last = type[open..<close].split { !$0.isNumber }.last.flatMap { Int($0) }
        }
    }

    /// Whether a text would be another value in the column, in SQL; nil: never.
    func differs(_ text: String) -> String? { difference?.replacing("%v", with: "(\(text))") }

    /// The text as the column's type.
    func cast(_ text: String, _ type: String) -> String {
        isUTC ? "((\(text))::timestamp AT TIME ZONE 'UTC')" : "\(text)::\(type)"
    }
}
