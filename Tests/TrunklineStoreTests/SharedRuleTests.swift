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

    /// An upsert of the values that are there, and an insert that is ignored, change nothing; `REPLACE` evicts what is in its way.
    @Test(arguments: [ConflictPolicy(.branchWins), ConflictPolicy(.headWins, columns: .init())])
    func whatAnInsertMakesOfRowsInItsWay(_ policy: ConflictPolicy) async throws {
        let table = "create table customer (id integer primary key, name text, email text unique, points integer);"
        for pairing in Pairing.all {
            let offices = try await offices(pairing, table, ["customer"], policy: policy)
            try offices.head.run(
                "insert into customer values (1, 'ada', 'a@x', 1), (2, 'bob', 'b@x', 2), (3, 'cid', 'c@x', 3)")
            try await offices.settle()
            try offices.head.run("update customer set points = 9 where id < 3")
            try offices.east.run(
                """
                insert into customer values (1, 'ada', 'a@x', 1) on conflict (id) do update set name = excluded.name;
                insert into customer values (2, 'x', 'y', 1) on conflict do nothing;
                insert into customer values (7, 'x', 'b@x', 1) on conflict do nothing
                """)
            if pairing.branch == .sqlite {
                try offices.east.run("insert or ignore into customer values (1, 'x', 'z', 5)")
            }
            try await offices.settle()
            #expect(try offices.rows() == "1|ada|a@x|9\n2|bob|b@x|9\n3|cid|c@x|3")
            #expect(try offices.conflicts() == [])
            guard pairing.branch == .sqlite else { continue }
            // One key, another's unique value, and both at once.
            try offices.east.run(
                """
                replace into customer values (1, 'ada', 'a@y', 10);
                replace into customer values (8, 'eve', 'b@x', 8);
                update or replace customer set id = 3, name = 'ada' where id = 1
                """)
            try offices.head.run("update customer set points = 4 where id = 3")
            try await offices.settle()
            #expect(try offices.rows("select id from customer order by id") == "3\n8")
            #expect(try offices.rows("select name, email from customer where id = 3") != nil)
            let kept = try offices.conflicts()
            #expect(kept.map(\.key) == [RowKey(["3"])])
        }
    }

    /// Names of columns that the triggers' own statements might take for something of theirs.
    @Test(arguments: Pairing.all) func columnsMayBeCalledAnything(_ pairing: Pairing) async throws {
        let names = ["n", "o", "t", "a", "q", "s", "key", "image", "whole", "row", "new", "old", "clock"]
        let columns = names.map { "\"\($0)\" integer" }.joined(separator: ", ")
        let table = "create table thing (id integer primary key, \(columns));"
        for policy in [ConflictPolicy(.lastWriterWins), ConflictPolicy(.headWins, columns: .init(added: ["n"]))] {
            let offices = try await offices(pairing, table, ["thing"], policy: policy)
            try offices.head.run("insert into thing (id, n, o) values (1, 10, 0), (2, 10, 0)")
            try await offices.settle()
            try offices.east.run("update thing set n = n - 1; update thing set o = 5, t = 6 where id = 1")
            if policy.columns != nil { try offices.head.run("update thing set n = n - 2") }
            try await offices.settle()
            #expect(
                try offices.rows("select n, o, t from thing order by id")
                    == (policy.columns == nil ? "9|5|6\n9|0|" : "7|5|6\n7|0|"))
            #expect(try offices.conflicts() == [])
        }
    }

    /// A row that a branch alone writes is not deleted with the head's row that it refers to.
    @Test(arguments: Pairing.all) func aSaleIsNotDeletedWithItsArticle(_ pairing: Pairing) async throws {
        let article = "create table article (id integer primary key, name text);"
        let sale =
            "create table sale (id integer primary key, article integer references article (id) on delete cascade, n integer);"
        let shared = TableRule(TableName("article"), direction: .shared, conflict: ConflictPolicy(.lastWriterWins))
        let offices = try await SharedOffices(
            pairing, rules: [shared], head: article, branch: article + sale)
        let store = offices.down.branches[SharedOffices.east]!.store
        _ = try await store.initialise(
            OfficeSetup(office: SharedOffices.east, role: .branch, tables: [shared, TableRule(TableName("sale"))]))
        try offices.head.run("insert into article values (1, 'pen'), (2, 'ink')")
        try await offices.settle()
        try offices.east.run("insert into sale values (1, 1, 3)")
        try offices.head.run("delete from article")
        try await offices.settle()
        #expect(try offices.head.run("select id, article, n from sale") == "1|1|3")
        #expect(try offices.east.run("select count(*) from sale") == "1")
        #expect(try offices.east.run("select id from article") == "1")
        let listing = try await store.rows(of: TableName("article"), matching: RowFilter(states: [.setAside]))
        #expect(listing.rows.first?.reason?.contains("rows of \"sale\" at east refer to it") == true)
        try offices.east.run("delete from sale")
        try await retry(offices)
        #expect(try offices.rows("select count(*) from article") == "0")
    }
}
