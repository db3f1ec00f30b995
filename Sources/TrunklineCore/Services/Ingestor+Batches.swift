import Logging

extension Ingestor {
    /// A message that was looked into.
    struct Decoded: Sendable {
        var delivery: Delivery
        /// A ``WireError``: it must not be taken. Any other error: it could not be looked at yet.
        var content: Result<Content, any Error>
    }

    enum Content: Sendable {
        case batch(InboundBatch)
        case halt(Halt)
    }

    /// Checks who sent a message, before anything is unpacked, and decodes it.
    func decode(_ delivery: Delivery, _ store: any Store) async -> Decoded {
        do {
            if let refusal = try await refusal(of: delivery, store) { throw refusal }
            let content = try await Ingestor.content(of: delivery, configuration)
            return Decoded(delivery: delivery, content: .success(content))
        } catch {
            return Decoded(delivery: delivery, content: .failure(error))
        }
    }

    /// That the stream is the sender's is checked in ``content(of:_:)``.
    /// To a branch nobody but the head may send: the broker sees to that, and the branch knows no other office.
    private func refusal(of delivery: Delivery, _ store: any Store) async throws -> WireError? {
        guard configuration.office == .head else {
            let isFromHead = delivery.sender == OfficeID.head.description
            return isFromHead ? nil : WireError(.forged, "\(delivery.senderClaim) is not the head")
        }
        guard let source = OfficeID(delivery.sender) else {
            return WireError(.forged, "\(delivery.senderClaim) is no branch")
        }
        if !senders.knows(source, at: clock.now) {
            senders.remember(try await store.branch(source), as: source, at: clock.now)
        }
        return senders.refusal(of: delivery, from: source)
    }

    /// Unpacks beside the actor, which goes on serving the broker.
    @concurrent
    private static func content(of delivery: Delivery, _ configuration: Configuration) async throws(WireError)
        -> Content
    {
        if delivery.kind == Envelope.Kind.halt.rawValue {
            let halt = try Halt(message: delivery.body)
            try checkOrigin(of: halt.stream, delivery, configuration.office)
            return .halt(halt)
        }
        guard delivery.kind == Envelope.Kind.batch.rawValue, delivery.contentEncoding == ContentType.zstd else {
            throw WireError(
                .unsupported, "message type \(delivery.kind ?? "none"), encoding \(delivery.contentEncoding ?? "none")")
        }
        let batch = try InboundBatch(message: delivery.body, limits: configuration.limits)
        try checkOrigin(of: batch.header.stream, delivery, configuration.office)
        return .batch(batch)
    }

    private static func checkOrigin(of stream: StreamID, _ delivery: Delivery, _ office: OfficeID) throws(WireError) {
        guard stream.destination == office else {
            throw WireError(.forged, "stream \(stream) does not lead to \(office)")
        }
        guard stream.source.description == delivery.sender else {
            throw WireError(.forged, "stream \(stream) came with \(delivery.senderClaim)")
        }
    }

    /// Deals with a message that is not taken: its sender is told of what is wrong, and sends it again; or it is buried.
    func refuse(_ delivery: Delivery, for error: WireError, _ store: any Store) async throws {
        if try await isTold(of: error, delivery, store) {
            finished.append(delivery)
        } else {
            refused.append((delivery, error))
        }
    }

    private func isTold(of error: WireError, _ delivery: Delivery, _ store: any Store) async throws -> Bool {
        guard error.code == .newer, let sender = OfficeID(delivery.sender) else { return false }
        let stream = StreamID(from: sender, to: configuration.office)
        guard try await store.holdUnread(stream, reason: error.description) else { return false }
        let count = stops.count(stream.description)
        if LogLimit.isLogged(count) {
            logger.error(
                "stream held",
                metadata: [LogKey.stream: "\(stream)", LogKey.reason: "\(error)", LogKey.count: "\(count)"])
        }
        return true
    }

    /// Lets the store take a batch; one above the next number is parked at once.
    func receive(_ batch: InboundBatch, bytes: Int, _ store: any Store) async throws {
        let outcome = try await store.receive(batch, parking: true)
        report(outcome, of: batch, bytes: bytes)
    }

    /// Stores what is parked of a stream and whose turn it is.
    /// - Throws: what went wrong with it, when its stream is not held because of that.
    func drain(_ stream: StreamID, _ store: any Store) async throws {
        while let message = try await store.nextParked(of: stream) {
            // It was decoded before it was parked, by a program with at least these limits.
            let batch = try InboundBatch(message: message, limits: configuration.limits)
            do {
                let outcome = try await store.receiveParked(batch)
                report(outcome, of: batch, bytes: message.count)
                guard case .stored = outcome else { return }
            } catch {
                guard error.owner != .database else { throw error }
                _ = await hold(batch, error, store)
                return
            }
        }
    }

    /// - Returns: whether the stream is held now.
    func hold(_ batch: InboundBatch, _ error: any Error, _ store: any Store) async -> Bool {
        let stream = batch.header.stream
        do {
            guard try await store.hold(batch, reason: "\(error)") else { return false }
        } catch {
            return false
        }
        var metadata: Logger.Metadata = [LogKey.stream: "\(stream)", LogKey.reason: "\(error)"]
        metadata[LogKey.batch] = "\(batch.header.number)"
        metadata[LogKey.batchID] = "\(batch.header.id.logText)"
        logger.error("stream held", metadata: metadata)
        return true
    }

    private func report(_ outcome: ReceiveOutcome, of batch: InboundBatch, bytes: Int) {
        let header = batch.header
        count(outcome, header.stream.description, bytes: bytes)
        var metadata: Logger.Metadata = [
            LogKey.stream: "\(header.stream)", LogKey.batch: "\(header.number)", LogKey.batchID: "\(header.id.logText)",
        ]
        switch outcome {
        case .stored(let rows, let deletes, let setAside, let first):
            metadata[LogKey.rows] = "\(rows)"
            metadata[LogKey.deletes] = "\(deletes)"
            metadata[LogKey.setAside] = "\(setAside)"
            logger.debug("batch stored", metadata: metadata)
            guard let first else { break }
            let count = setAsides.count(header.stream.description)
            guard LogLimit.isLogged(count) else { break }
            metadata[LogKey.table] = "\(first.table)"
            metadata[LogKey.reason] = "\(first.reason)"
            metadata[LogKey.count] = "\(count)"
            logger.warning("rows of a batch set aside, the first for this reason", metadata: metadata)
        case .duplicate: logger.debug("duplicate batch", metadata: metadata)
        case .parked, .gap: logger.debug("batch parked", metadata: metadata)
        case .held(let reason):
            metadata[LogKey.reason] = "\(reason)"
            logger.debug("batch parked, its stream is held", metadata: metadata)
        case .dropped: logger.debug("batch dropped, its stream has parked all that it may", metadata: metadata)
        case .behind(let acked):
            metadata[LogKey.watermark] = "\(acked)"
            logger.warning("this database is older than an ack of its own; its sender is told", metadata: metadata)
        case .unknownShape(let table):
            let count = unknownShapes.count(header.stream.description)
            guard LogLimit.isLogged(count) else { break }
            metadata[LogKey.table] = "\(table)"
            metadata[LogKey.count] = "\(count)"
            logger.notice(
                "a shape that a batch names is not here, or does not fit it; its sender is told", metadata: metadata)
        case .stopped(let reason):
            let count = stops.count(header.stream.description)
            guard LogLimit.isLogged(count) else { break }
            metadata[LogKey.reason] = "\(reason)"
            metadata[LogKey.count] = "\(count)"
            logger.error("stream stopped", metadata: metadata)
        }
    }

    private func count(_ outcome: ReceiveOutcome, _ stream: String, bytes: Int) {
        telemetry.show(
            [
                Metrics.storedBatches, Metrics.storedRows, Metrics.storedBytes, Metrics.newlySetAsideRows,
                Metrics.duplicateBatches, Metrics.gapBatches,
            ], stream)
        switch outcome {
        case .stored(let rows, let deletes, let setAside, _):
            telemetry.count(Metrics.storedBatches, stream)
            telemetry.count(Metrics.storedRows, by: rows + deletes - setAside, stream)
            telemetry.count(Metrics.storedBytes, by: bytes, stream)
            telemetry.count(Metrics.newlySetAsideRows, by: setAside, stream)
        case .duplicate: telemetry.count(Metrics.duplicateBatches, stream)
        case .parked, .held, .dropped, .gap: telemetry.count(Metrics.gapBatches, stream)
        case .behind, .stopped: break
        case .unknownShape: return
        }
        telemetry.note(.progressed)
    }
}
