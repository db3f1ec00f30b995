import FoundationEssentials
import Testing

@testable import TrunklineCore

/// A million damaged inputs in all: none ends the process or takes memory beyond the limits, each is decoded or refused
/// with a ``WireError``.
@Suite struct MutationTests {
    /// So small that a decoder that does not heed them is seen.
    private var limits: WireLimits {
        var limits = WireLimits()
        limits.messageBytes = 64 << 10
        limits.bodyBytes = 256 << 10
        return limits
    }

    @Test(arguments: [UInt64(11), 12, 13, 14]) func batches(seed: UInt64) throws {
        var mutator = Mutator(seed: seed)
        let body = try SampleBatch.body()
        var taken = 0
        for _ in 0..<60_000 {
            do throws(WireError) {
                let batch = try InboundBatch(message: Zstd.compress(mutator.mutate(body)), limits: limits)
                taken += 1
                expectSound(batch)
            } catch {}
        }
        #expect((1..<60_000).contains(taken), "the mutator is too gentle or too rough")
    }

    @Test(arguments: [UInt64(21), 22, 23, 24]) func acks(seed: UInt64) throws {
        var mutator = Mutator(seed: seed)
        let body = try Zstd.decompress(SampleAck.ack.encoded(), limit: 1 << 20)
        var taken = 0
        for _ in 0..<40_000 {
            do throws(WireError) {
                let ack = try Ack(message: Zstd.compress(mutator.mutate(body)), limits: limits)
                taken += 1
                guard
                    ack.watermark < 0 || ack.setAsideVersion < 0 || ack.setAsideFrom ?? 0 < 0
                        || ack.setAsideTotal < 0
                else { continue }
                Issue.record("a negative count was taken")
            } catch {}
        }
        #expect((1..<40_000).contains(taken), "the mutator is too gentle or too rough")
    }

    @Test func compressedMessages() throws {
        var mutator = Mutator(seed: 31)
        let messages = [
            try BatchEncoder.encode(SampleBatch.claimed, tables: SampleBatch.tables), try SampleAck.ack.encoded(),
        ]
        for _ in 0..<100_000 {
            do throws(WireError) { _ = try InboundBatch(message: mutator.mutate(messages[0]), limits: limits) } catch {}
            do throws(WireError) { _ = try Ack(message: mutator.mutate(messages[1]), limits: limits) } catch {}
        }
    }

    @Test(arguments: [UInt64(41), 42, 43, 44]) func copyText(seed: UInt64) {
        var mutator = Mutator(seed: seed)
        let line = CopyText.line(["1", "Ada\t\"\\\n\r\u{8}", nil, "", "ü€𝄞", #"\N"#])
        for _ in 0..<100_000 {
            let damaged = mutator.mutate(line)
            let fields = CopyText.fields(damaged[...])
            guard fields.reduce(0, { $0 + ($1?.utf8.count ?? 0) }) > 3 * damaged.count else { continue }
            Issue.record("a field grew beyond its line")
        }
    }

    /// What the stores rely on without looking again.
    private func expectSound(_ batch: InboundBatch) {
        if batch.body.count > limits.bodyBytes { Issue.record("a body over the limit was taken") }
        for (table, lines) in zip(batch.header.tables, batch.lines) {
            for (range, count, fields) in [
                (lines.rows, table.rows, table.columns.count), (lines.deletes, table.deletes, table.key.count),
            ] {
                let found = batch.body[range].split(separator: CopyText.newline, omittingEmptySubsequences: false)
                // `#expect` itself would be most of the time.
                if found.count == count + 1, found.last?.isEmpty == true,
                    found.dropLast().allSatisfy({ CopyText.fields($0).count == fields })
                {
                    continue
                }
                Issue.record("the counts of a batch that was taken are not true")
            }
        }
    }
}
