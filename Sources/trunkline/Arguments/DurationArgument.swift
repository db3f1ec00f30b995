import ArgumentParser
import TrunklineRuntime

/// A duration on the command line: `90s`, `5m`.
struct DurationArgument: ExpressibleByArgument {
    var duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        guard let duration = DurationText.parse(argument) else { return nil }
        self.init(duration)
    }

    var defaultValueDescription: String { DurationText.format(duration) }
}
