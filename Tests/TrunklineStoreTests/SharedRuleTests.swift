import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// Shared tables whose database has rules and triggers of its own.
@Suite(.enabled(if: TestEnvironment.hasPostgres))
struct SharedRuleTests {
    private func offices(
        _ pairing: Pairing, _ tables: String, _ names: [String],
        policy: ConflictPolicy = ConflictPolicy(.lastWriterWins)
    ) async throws -> SharedOffices {
        let rules = names.map { TableRule(TableName($0), direction: .shared, conflict: policy) }
        let offices = try await SharedOffices(pairing, rules: rules, head: tables, branch: tables)
        try await offices.settle()
        return offices
    }

    private func retry(_ offices: SharedOffices) async throws {
        for store in [offices.down.head] + offices.down.branches.values.map(\.store) {
            _ = try await store.retrySetAside(SetAsideSelection(), limit: 100)
        }
        try await offices.settle()
    }

    /// A row that only one office has is not deleted with a parent that another one deletes; what the other one had deleted
    /// with it goes everywhere.
    @Test(arguments: Pairing.all, ["cascade", "set null"])
    func aDeleteFromElsewhereTakesNothingAlong(_ pairing: Pairing, _ action: String) async throws {
        let tables = """
            create table grp (id integer primary key, name text, above integer references grp (id) on delete \(action));
            create table member (id integer primary key, grp integer references grp (id) on delete \(action));
            """
        let offices = try await offices(pairing, tables, ["grp", "member"])
        try offices.head.run(
            "insert into grp values (1, 'a', null), (2, 'b', 1), (3, 'c', null); insert into member values (1, 1), (3, 3)"
        )
        try await offices.settle()
        for (id, deleting, making) in [(10, offices.head, offices.east), (20, offices.east, offices.head)] {
            try making.run("insert into member values (\(id), 1)")
            try deleting.run(
                (deleting.kind == .sqlite ? "pragma foreign_keys = on; " : "") + "delete from grp where id = 1")
            try await offices.settle()
            // Nobody has lost it, and what waits says why.
            #expect(try making.run("select grp from member where id = \(id)") == "1")
            let receiver: any OfficeStore =
                id == 10 ? offices.down.branches[SharedOffices.east]!.store : offices.down.head
            #expect(try await receiver.status().contains { $0.setAside == 1 })
            try making.run("update member set grp = 3 where id = \(id)")
            try await offices.settle()
            try await retry(offices)
            try await retry(offices)
            #expect(try offices.rows("select grp from member where id = \(id)") == "3")
            #expect(try offices.rows("select count(*) from grp where id = 1") == "0")
            #expect(
                try offices.rows("select id, grp from member where id < 10 order by id")
                    == (action == "cascade" ? "3|3" : "1|\n3|3"))
            #expect(try await offices.down.head.status().allSatisfy { $0.setAside == 0 })
            try offices.head.run(
                "insert into grp values (1, 'a', null), (2, 'b', 1) on conflict (id) do update set above = 1")
            try await offices.settle()
        }
    }

    /// What the head's trigger made of a row is what its branch gets.
    @Test(arguments: Pairing.all) func theHeadsTriggerRewritesWhatABranchSent(_ pairing: Pairing) async throws {
        let offices = try await offices(pairing, SharedOffices.customer, ["customer"])
        try offices.head.run(
            offices.head.kind == .postgres
                ? """
                create function lower_email() returns trigger language plpgsql as
                    $$begin new.email := lower(new.email); return new; end$$;
                create trigger lower_email before insert or update on customer
                    for each row execute function lower_email();
                """
                : """
                create trigger lower_email after insert on customer begin
                    update customer set email = lower(new.email) where id = new.id; end;
                create trigger lower_email_too after update on customer begin
                    update customer set email = lower(new.email) where id = new.id and email <> lower(new.email); end;
                """)
        try offices.east.run("insert into customer values (1, 'ada', 'ADA@X', 1)")
        try await offices.settle()
        #expect(try offices.rows() == "1|ada|ada@x|1")
        try offices.east.run("update customer set email = 'EVA@X' where id = 1")
        try await offices.settle()
        #expect(try offices.rows() == "1|ada|eva@x|1")
    }

    /// A program that writes a row as it is, changes nothing by it; so nobody else's change is older than it.
    @Test(arguments: Pairing.all) func aRowThatIsWrittenAsItIsHasNotChanged(_ pairing: Pairing) async throws {
        for policy in [ConflictPolicy(.lastWriterWins), ConflictPolicy(.headWins, columns: .init())] {
            let offices = try await offices(pairing, SharedOffices.customer, ["customer"], policy: policy)
            try offices.head.run("insert into customer values (1, 'ada', 'a@x', 1), (2, 'bob', null, 2)")
            try await offices.settle()
            try offices.west.run("update customer set points = 5 where id = 1")
            try await Task.sleep(for: .milliseconds(10))
            try offices.east.run("update customer set name = name, email = email, points = points")
            try offices.head.run("update customer set name = 'ada'  where id = 1")
            try await offices.settle()
            #expect(try offices.rows() == "1|ada|a@x|5\n2|bob||2")
            #expect(try offices.conflicts() == [])
            // One that differs only by case, or is NULL now, has.
            try offices.east.run("update customer set email = null, name = 'Ada' where id = 1")
            try await offices.settle()
            #expect(try offices.rows() == "1|Ada||5\n2|bob||2")
        }
    }
}
