package dialect

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// BareSQL is SQL about a single row whose primary key is one integer, for SQLite, which
// compiles a statement each time it runs: that takes longer than to look at one row.
// So it takes the number instead of JSON, asks in steps, and leaves JSON to rawImage.
type BareSQL struct {
	// Columns are what ReadImage takes, and whether the row is not soft-deleted.
	Columns string

	// Narrow is the condition that a row has the key in the parameter.
	Narrow string

	// now asks for the Columns of the row with the key in the parameter, unless it is
	// soft-deleted. made is now for a row whose table nobody has looked at yet: its
	// second parameter is the name by which the statement wrote the table, from
	// NameGiven. image asks for the image.
	now, made, image string

	raw rawImage
}

// bareSQL returns the SQL of a table; nil if the key is not one integer.
func (d Dialect) bareSQL(m *model.Model, s Statements) *BareSQL {
	if d.Numbered || !BareKey(m) {
		return nil
	}
	seen, shown := Shown(m, s.Column), "true"
	if seen != "" {
		shown = seen + " IS TRUE" // it may be NULL
	}
	b := &BareSQL{Narrow: s.Column(m.Keys[0]) + " = ?", raw: d.rawImageOf(m)}
	b.Columns = d.rawColumns(m, s.Column) + ", " + shown
	row := " FROM " + s.From + " WHERE " + Joined(" AND ", b.Narrow, seen)
	b.now, b.image = "SELECT "+b.Columns+row, "SELECT "+d.ObjectOf(m.Columns, s.Column)+row
	b.made = b.now + " AND " + d.SameSQL(s.From)
	return b
}

// recordBareSQL records one row whose images are known. The parameters are those of its
// columns; the last one is the lowest version that it may draw.
const recordBareSQL = "INSERT INTO timak_outbox (tbl, pk, old, new, version) VALUES (?, ?, ?, ?, "

// RecordBare is the statement of recordBareSQL.
func (d Dialect) RecordBare() string {
	return recordBareSQL + strings.TrimPrefix(d.drawSQL(), "SELECT ") + ")"
}

// bareKey returns the key of a single row as a number. It reports false if the key is
// not one: SQLite stores any value in a column of integers.
func (b *BareSQL) bareKey(rows []Change) (key int64, ok bool) {
	if b == nil || len(rows) != 1 {
		return 0, false
	}
	text := rows[0].Key // {"id":1}
	i := strings.LastIndexByte(string(text), ':')
	key, err := strconv.ParseInt(strings.TrimSuffix(string(text[i+1:]), "}"), 10, 64)
	return key, err == nil
}

// Bare returns the key of the only one of rows as a number, with its text in the outbox. It
// reports false if the rows must be recorded by RecordOf.
func (t *Table) Bare(rows []Change) (key int64, pk string, ok bool) {
	key, ok = t.SQL.Bare.bareKey(rows)
	return key, "[" + strconv.FormatInt(key, 10) + "]", ok
}

// ImageNow returns the image that the table holds under a key; nil if there is none.
// written is the name of the table as the statement writes it, if nobody has looked at
// it yet, or else "": see NameGiven.
func (t *Table) ImageNow(ctx context.Context, db Querier, key int64, made bool, written string) (image *string, err error) {
	query, args := t.SQL.Bare.now, []any{key}
	if made {
		query, args = t.SQL.Bare.made, append(args, t.NameGiven(written))
	}
	err = EachValues(ctx, db, query, args, func(row []any) (err error) {
		image, err = t.ReadImage(ctx, db, row[:len(row)-1], true)
		return err
	})
	return image, err
}

// notJSON are bytes that SQLite never takes for JSON.
var notJSON = []byte{0xff}

// ReadKey reads the primary key, as it is the first of BareSQL.Columns. SQLite writes what is not an integer,
// and refuses bytes.
func (t *Table) ReadKey(ctx context.Context, db Querier, value any) (key model.RowKey, err error) {
	name := t.Model.Keys[0].DBName
	switch v := value.(type) {
	case nil:
		return model.RowKey{name: nil}, nil
	case int64:
		return model.RowKey{name: json.Number(strconv.FormatInt(v, 10))}, nil
	case []byte:
		value = notJSON
	}
	err = EachValues(ctx, db, "SELECT json_object(?, ?)", []any{name, value}, func(row []any) error {
		text, err := TextValue(row[0])
		if err == nil {
			key, err = model.ParseKey(*text)
		}
		return err
	})
	return key, err
}
