import ArgumentParser

/// What `scripts/chaos` and `scripts/hour-a-day` start.
@main
struct TrunklineChaos: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trunkline-chaos", abstract: "Pull every plug of a real system, and count.",
        subcommands: [StormCommand.self, HourADayCommand.self], defaultSubcommand: StormCommand.self)
}
