internal import TrunklineCore

/// One look at a long task, as a bar for a terminal or a plain line for a log.
public struct ProgressLine: Sendable {
    public var done: Int
    public var total: Int
    public var noun: String
    public var perSecond: Double?
    public var secondsLeft: Double?
    /// What holds it up just now.
    public var note: String?

    public init(
        done: Int, total: Int, noun: String, perSecond: Double? = nil, secondsLeft: Double? = nil, note: String? = nil
    ) {
        self.done = done
        self.total = total
        self.noun = noun
        self.perSecond = perSecond
        self.secondsLeft = secondsLeft
        self.note = note
    }

    /// `12,000 of 50,000 changes  24%  3,200/s  12 s left`
    public var plain: String {
        var parts = ["\(HumanNumber.grouped(done)) of \(HumanNumber.grouped(total)) \(noun)", "\(percent)%"]
        if let perSecond { parts.append("\(HumanNumber.grouped(Int(min(perSecond, 1e12).rounded())))/s") }
        if let secondsLeft, done < total { parts.append("\(HumanDuration.text(seconds: secondsLeft)) left") }
        if let note { parts.append("(\(SafeText.oneLine(note)))") }
        return parts.joined(separator: "  ")
    }

    /// The same behind a bar, at most `width` columns; the bar gives way first, then the end is cut.
    public func bar(width: Int) -> String {
        let text = plain
        let room = min(40, width - DisplayWidth.of(text) - 3)
        guard room >= 8 else { return String(text.prefix(max(0, width))) }
        let filled = total > 0 ? min(room, done * room / total) : room
        return "▕" + String(repeating: "█", count: filled) + String(repeating: " ", count: room - filled) + "▏ " + text
    }

    /// 100 only when all is done.
    private var percent: Int { total > 0 ? (done >= total ? 100 : done * 100 / total) : 100 }
}
