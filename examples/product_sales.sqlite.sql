-- A branch's product sales in SQLite. The database keeps amt = qty × cost and
-- total = amt + tax, in exact decimals; the till writes the other columns.
-- A sale is deleted softly, by deleted_at.
--
-- A type that ends in _TEXT keeps a value as the text that it is; NUMERIC would make a float of it.

CREATE TABLE product_sales (
    id INTEGER PRIMARY KEY,
    date DATE_TEXT NOT NULL,
    region TEXT NOT NULL,
    product TEXT NOT NULL,
    qty INTEGER NOT NULL,
    cost DECIMAL_TEXT(12,2) NOT NULL,
    amt DECIMAL_TEXT(14,2) NOT NULL DEFAULT '0.00',
    tax DECIMAL_TEXT(12,2) NOT NULL,
    total DECIMAL_TEXT(14,2) NOT NULL DEFAULT '0.00',
    created_at TIMESTAMPTZ_TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f+00', 'now')),
    updated_at TIMESTAMPTZ_TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f+00', 'now')),
    deleted_at TIMESTAMPTZ_TEXT
);

-- What the amounts of each sale must be. They are reckoned in whole cents, which integers hold exactly.
CREATE VIEW product_sales_amounts AS
SELECT id,
    printf('%s%d.%02d', iif(cost < 0, '-', ''), abs(cost) / 100, abs(cost) % 100) AS cost,
    printf('%s%d.%02d', iif(amt < 0, '-', ''), abs(amt) / 100, abs(amt) % 100) AS amt,
    printf('%s%d.%02d', iif(tax < 0, '-', ''), abs(tax) / 100, abs(tax) % 100) AS tax,
    printf('%s%d.%02d', iif(total < 0, '-', ''), abs(total) / 100, abs(total) % 100) AS total
FROM (
    SELECT id, cost, qty * cost AS amt, tax, qty * cost + tax AS total FROM (
        SELECT id, qty, CAST(round(cost * 100) AS INTEGER) AS cost, CAST(round(tax * 100) AS INTEGER) AS tax
        FROM product_sales
    )
);

CREATE TRIGGER product_sales_inserted AFTER INSERT ON product_sales BEGIN
    UPDATE product_sales
    SET (cost, amt, tax, total) = (SELECT cost, amt, tax, total FROM product_sales_amounts WHERE id = NEW.id)
    WHERE id = NEW.id;
END;

CREATE TRIGGER product_sales_changed AFTER UPDATE OF qty, cost, amt, tax, total ON product_sales BEGIN
    UPDATE product_sales
    SET (cost, amt, tax, total) = (SELECT cost, amt, tax, total FROM product_sales_amounts WHERE id = NEW.id)
    WHERE id = NEW.id
        AND (cost, amt, tax, total) IS NOT (SELECT cost, amt, tax, total FROM product_sales_amounts WHERE id = NEW.id);
END;

CREATE TRIGGER product_sales_touched
AFTER UPDATE OF id, date, region, product, qty, cost, tax, deleted_at ON product_sales BEGIN
    UPDATE product_sales SET updated_at = strftime('%Y-%m-%d %H:%M:%f+00', 'now') WHERE id = NEW.id;
END;
