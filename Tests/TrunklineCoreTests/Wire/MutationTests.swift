import FoundationEssentials
import Testing

@testable import TrunklineCore

/// 20,000 damaged bodies each: none ends the process, each is decoded or refused with a ``WireError``.
@Suite struct MutationTests {
    @Test(arguments: [UInt64(11), 12, 13, 14]) func batches(seed: UInt64) throws {
        var mutator = Mutator(seed: seed)
        let body = try SampleBatch.body()
        var taken = 0
        for _ in 0..<5_000 {
            do throws(WireError) {
                let batch = try InboundBatch(message: Zstd.compress(mutator.mutate(body)))
                taken += 1
                expectSound(batch)
            } catch {}
        }
        #expect((1..<5_000).contains(taken), "the mutator is too gentle or too rough")
    }

    @Test(arguments: [UInt64(21), 22, 23, 24]) func acks(seed: UInt64) throws {
        var mutator = Mutator(seed: seed)
        let body = try Zstd.decompress(SampleAck.ack.encoded(), limit: 1 << 20)
        var taken = 0
        for _ in 0..<5_000 {
            do throws(WireError) {
                let ack = try Ack(message: Zstd.compress(mutator.mutate(body)))
                taken += 1
                #expect(ack.watermark >= 0 && ack.setAsideVersion >= 0 && ack.setAsideTotal >= 0)
            } catch {}
        }
        #expect((1..<5_000).contains(taken), "the mutator is too gentle or too rough")
    }

    @Test func compressedMessages() throws {
        var mutator = Mutator(seed: 31)
        let messages = [
            try BatchEncoder.encode(SampleBatch.claimed, tables: SampleBatch.tables), try SampleAck.ack.encoded(),
        ]
        for _ in 0..<5_000 {
            do throws(WireError) { _ = try InboundBatch(message: mutator.mutate(messages[0])) } catch {}
            do throws(WireError) { _ = try Ack(message: mutator.mutate(messages[1])) } catch {}
        }
    }

    /// What the stores rely on without looking again.
    private func expectSound(_ batch: InboundBatch) {
        for (table, lines) in zip(batch.header.tables, batch.lines) {
            for (range, count, fields) in [
                (lines.rows, table.rows, table.columns.count), (lines.deletes, table.deletes, table.key.count),
            ] {
                let found = batch.body[range].split(separator: CopyText.newline, omittingEmptySubsequences: false)
                #expect(found.count == count + 1 && found.last?.isEmpty == true)
                #expect(found.dropLast().allSatisfy { CopyText.fields($0).count == fields })
            }
        }
    }
}
