/// A date, a time of day, or both, as ISO 8601 writes them and SQLite's own functions do:
/// `2016-07-04`, `2016-07-04T07:08`, `07:08:09.5`, `2016-07-04 07:08:09.500+02:00`.
struct ClockText {
    private var year = 0
    private var month = 0
    private var day = 0
    private var minutes = 0
    private var second = 0
    /// Behind the point, without zeros at the end.
    private var fraction: [UInt8] = []
    /// East of UTC, in minutes; nil: none is written.
    private var zone: Int?

    /// A date, alone or with a time of day.
    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        var rest = bytes[...]
        guard let year = ClockText.number(&rest, digits: 4), year > 0, ClockText.take("-", &rest),
            let month = ClockText.number(&rest, digits: 2), (1...12).contains(month), ClockText.take("-", &rest),
            let day = ClockText.number(&rest, digits: 2), (1...ClockText.days(in: month, of: year)).contains(day)
        else { return nil }
        (self.year, self.month, self.day) = (year, month, day)
        if rest.isEmpty { return }
        guard ClockText.take(" ", &rest) || ClockText.take("T", &rest), readTime(&rest), readZone(&rest), rest.isEmpty
        else { return nil }
    }

    /// A time of day alone.
    init?(time bytes: UnsafeBufferPointer<UInt8>) {
        var rest = bytes[...]
        guard readTime(&rest), rest.isEmpty else { return nil }
    }

    /// Nil when there is a time of day other than midnight.
    var dateOnly: [UInt8]? {
        guard minutes == 0, second == 0, fraction.isEmpty, zone == nil else { return nil }
        return date(year, month, day)
    }

    var time: [UInt8] { clock(minutes) }

    /// Date and time as they are written; nil when there is an offset, which the type does not have.
    var local: [UInt8]? {
        guard zone == nil else { return nil }
        return date(year, month, day) + [UInt8(ascii: " ")] + clock(minutes)
    }

    /// In UTC, as is what is written without an offset: so SQLite's own functions mean it.
    var utc: [UInt8]? {
        let total = minutes - (zone ?? 0)
        let shift = total < 0 ? -1 : total >= 1_440 ? 1 : 0
        var (year, month, day) = (year, month, day + shift)
        if day < 1 {
            month -= 1
            if month < 1 { (year, month) = (year - 1, 12) }
            day = ClockText.days(in: month, of: year)
        } else if day > ClockText.days(in: month, of: year) {
            (month, day) = (month + 1, 1)
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        guard (1...9_999).contains(year) else { return nil }
        return date(year, month, day) + [UInt8(ascii: " ")] + clock(total - shift * 1_440) + Array("+00".utf8)
    }

    private mutating func readTime(_ rest: inout Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        guard let hour = ClockText.number(&rest, digits: 2), hour < 24, ClockText.take(":", &rest),
            let minute = ClockText.number(&rest, digits: 2), minute < 60
        else { return false }
        minutes = hour * 60 + minute
        guard ClockText.take(":", &rest) else { return true }
        guard let second = ClockText.number(&rest, digits: 2), second < 60 else { return false }
        self.second = second
        guard ClockText.take(".", &rest) else { return true }
        while let digit = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
            fraction.append(digit)
            rest.removeFirst()
        }
        guard !fraction.isEmpty else { return false }
        while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
        // A microsecond is the least that the wire's types hold.
        return fraction.count <= 6
    }

    private mutating func readZone(_ rest: inout Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        if rest.isEmpty { return true }
        if ClockText.take("Z", &rest) {
            zone = 0
            return true
        }
        let sign = ClockText.take("-", &rest) ? -1 : 1
        guard sign == -1 || ClockText.take("+", &rest), let hours = ClockText.number(&rest, digits: 2), hours < 16
        else { return false }
        zone = sign * hours * 60
        if rest.isEmpty { return true }
        _ = ClockText.take(":", &rest)
        guard let minutes = ClockText.number(&rest, digits: 2), minutes < 60 else { return false }
        zone = sign * (hours * 60 + minutes)
        return true
    }

    private func date(_ year: Int, _ month: Int, _ day: Int) -> [UInt8] {
        ClockText.digits(year / 100) + ClockText.digits(year % 100) + [UInt8(ascii: "-")] + ClockText.digits(month)
            + [UInt8(ascii: "-")] + ClockText.digits(day)
    }

    private func clock(_ minutes: Int) -> [UInt8] {
        let colon = [UInt8(ascii: ":")]
        let clock = ClockText.digits(minutes / 60) + colon + ClockText.digits(minutes % 60) + colon
        return clock + ClockText.digits(second) + (fraction.isEmpty ? [] : [UInt8(ascii: ".")] + fraction)
    }

    private static func digits(_ number: Int) -> [UInt8] {
        [UInt8(ascii: "0") + UInt8(number / 10), UInt8(ascii: "0") + UInt8(number % 10)]
    }

    private static func take(_ character: Unicode.Scalar, _ rest: inout Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private static func number(_ rest: inout Slice<UnsafeBufferPointer<UInt8>>, digits: Int) -> Int? {
        guard rest.count >= digits else { return nil }
        var number = 0
        for _ in 0..<digits {
            let digit = rest.removeFirst()
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }
}
