import Foundation

/// One direction of one connection through a ``LinkProxy``: bytes that were read and wait for their time.
///
/// Below it is real TCP over the loopback device, which loses nothing, so a loss is modelled as what TCP makes of
/// it: the segment takes its time on the line twice, and it and all behind it in its connection arrive a round trip
/// later (fast retransmit, RFC 5681). The shrinking of the congestion window is not modelled: with 1,460 bytes a
/// segment, 300 ms and 2 % it allows some 336 kbit/s a connection (Mathis and others, 1997), more than the 256 that
/// we give the line.
struct LinkFlow {
    let source: Int32
    let target: Int32
    private(set) var hasEnded = false

    private struct Segment {
        var bytes: ArraySlice<UInt8>
        var due: ContinuousClock.Instant
    }

    private var segments: [Segment] = []
    private var notBefore: ContinuousClock.Instant

    private static let segmentBytes = 1_460

    /// - Parameter notBefore: when the connection's handshake would have been done.
    init(from source: Int32, to target: Int32, notBefore: ContinuousClock.Instant) {
        self.source = source
        self.target = target
        self.notBefore = notBefore
    }

    var isEmpty: Bool { segments.isEmpty }
    var nextDue: ContinuousClock.Instant? { segments.first?.due }

    /// Reads what the source has, as far as the lane takes it.
    /// - Returns: bytes read.
    mutating func read(
        _ lane: inout LinkLane, _ condition: LinkCondition, _ random: inout SplitMix64
    ) throws(LinkFlowEnd) -> Int {
        var total = 0
        var buffer = [UInt8](repeating: 0, count: condition.bytesPerSecond == nil ? 65_536 : Self.segmentBytes)
        while !hasEnded, segments.count < 256, lane.takesMore(at: .now) {
            let count = recv(source, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count < 0, errno == EAGAIN || errno == EINTR { return total }
            guard count > 0 else {
                hasEnded = true
                guard count == 0 else { throw .lost }
                return total
            }
            total += count
            append(buffer[..<count], &lane, condition, &random)
            if count < buffer.count { return total }
        }
        return total
    }

    /// Writes what is due.
    mutating func write() throws(LinkFlowEnd) {
        while let first = segments.first, first.due <= .now {
            let count = first.bytes.withUnsafeBytes {
                send(target, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            guard count > 0 else { throw .lost }
            if count == first.bytes.count {
                segments.removeFirst()
            } else {
                segments[0].bytes = first.bytes.dropFirst(count)
            }
        }
    }

    private mutating func append(
        _ bytes: ArraySlice<UInt8>, _ lane: inout LinkLane, _ condition: LinkCondition,
        _ random: inout SplitMix64
    ) {
        var due = lane.send(bytes.count, at: .now, condition) + condition.delay
        if condition.loss > 0, Double.random(in: 0..<1, using: &random) < condition.loss {
            due = lane.send(bytes.count, at: .now, condition) + condition.delay * 3
        }
        notBefore = max(notBefore, due)
        segments.append(Segment(bytes: bytes, due: notBefore))
    }
}

/// A connection through the link is gone.
enum LinkFlowEnd: Error { case lost }
