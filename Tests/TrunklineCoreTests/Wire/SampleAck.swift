import FoundationEssentials

@testable import TrunklineCore

enum SampleAck {
    /// Every field has a value.
    static var ack: Ack {
        Ack(
            stream: SampleBatch.stream, epoch: SampleBatch.epoch, watermark: 7, setAsideVersion: 3, setAsideFrom: 2,
            setAside: [SetAsideNotice(table: TableName("sales"), key: RowKey(["1", nil]), reason: "no such customer")],
            gone: [SetAsideKey(table: TableName("sales"), key: RowKey(["2", "x"]))], setAsideTotal: 1,
            stopped: StopNotice(epoch: SampleBatch.previous, number: 8, reason: "another history"),
            verification: VerificationResult(
                id: SampleBatch.previous, round: 2, stream: SampleBatch.stream, watermark: 7,
                tables: [
                    TableResult(
                        name: TableName("sales"), rowsAtSender: 2, rowsAtReceiver: 1, differingBuckets: [],
                        bucketCount: 16, differingKeys: [KeyDifference(key: RowKey(["1"]), kind: .onlyAtSender)])
                ]))
    }
}
