/// The sales of some weeks without internet.
enum Backlog {
    /// Rows as tills write them, 1,000 a transaction: products and regions repeat, amounts and times do not.
    static func sql(rows: Int) -> String {
        """
        create procedure fill(n integer) language plpgsql as $$
        begin
            perform setseed(0.5);
            for start in 1..n by 1000 loop
                insert into product_sales (date, region, product, qty, cost, tax, created_at, updated_at)
                select sold::date, (array['East', 'West', 'North'])[1 + floor(random() * 3)::int],
                    (array['Paper', 'Pens', 'Staplers', 'Tacks', 'Ink', 'Folders'])[1 + floor(random() * 6)::int],
                    1 + floor(random() * 90)::int, round((random() * 100)::numeric, 2),
                    round((random() * 9)::numeric, 2), sold, sold
                from (
                    select timestamptz '2026-01-01 09:00:00+00' + i * interval '11 s' + random() * interval '11 s'
                    from generate_series(start, least(start + 999, n)) i
                ) as sales (sold);
                commit;
            end loop;
        end $$;
        call fill(\(rows));
        """
    }

    /// Whether the branch knows that all its rows are at the head.
    static let isDrained = """
        select a.watermark = o.last_number and o.last_number > 0 and not exists (select from trunkline.unbatched)
        from trunkline.outbound o join trunkline.outbound_ack a using (stream)
        """
}
