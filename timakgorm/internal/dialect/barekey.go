package dialect

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// BareSQL is SQL about a single row whose primary key is one integer, for SQLite, which
// compiles a statement each time it runs: that takes longer than to look at one row.
// So it takes the number instead of JSON, asks in steps, and leaves JSON to rawImage.
type BareSQL struct {
	// Columns are what ReadImage takes, and whether the row is not soft-deleted.
	Columns string

	// Sure is Columns for a statement that names the table without its schema: if the
	// session hides the table by one of its own, the statement fails with an error
	// that IsHidden recognizes, which is cheaper than to ask. It is "" if rows go by
	// another name.
	Sure string

	// Narrow is the condition that a row has the key in the parameter.
	Narrow string

	// now asks for the Columns of the row with the key in the parameter, unless it is
	// soft-deleted; made does so by the table's bare name, as Sure. image asks for the
	// image.
	now, made, image string

	raw    rawImage
	hidden string // what IsHidden looks for
}

// bareSQL returns the SQL of a table; nil if the key is not one integer.
func (d Dialect) bareSQL(m *model.Model, at Home, s Statements) *BareSQL {
	if d.Numbered || !BareKey(m) {
		return nil
	}
	seen, shown := Shown(m, s.Column), "true"
	if seen != "" {
		shown = seen + " IS TRUE" // it may be NULL
	}
	b := &BareSQL{Narrow: s.Column(m.Keys[0]) + " = ?", raw: d.rawImageOf(m)}
	b.Columns = d.rawColumns(m, s.Column) + ", " + shown
	where := " WHERE " + Joined(" AND ", b.Narrow, seen)
	b.now, b.image = "SELECT "+b.Columns+" FROM "+s.From+where, "SELECT "+d.ObjectOf(m.Columns, s.Column)+" FROM "+s.From+where
	if bare := sqltext.Unqualified(m.Table); at.Schema != "" && s.Name == s.Quote(bare) {
		b.hidden = "no such column: " + at.Schema + "." + bare + "." + m.Keys[0].DBName
		b.Sure = strings.Replace(b.Columns, s.Name, Prefix(at.Schema)+s.Name, 1)
		b.made = "SELECT " + b.Sure + " FROM " + s.Name + where
	}
	return b
}

// IsHidden reports whether the session hides the table, as an error of a statement with
// Sure says.
func (b *BareSQL) IsHidden(err error) bool {
	return err != nil && b.hidden != "" && strings.Contains(err.Error(), b.hidden)
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
// reports false if the rows must be recorded by RecordOf. written is as in ImageNow.
func (t *Table) Bare(rows []Change, written string) (key int64, pk string, ok bool) {
	key, ok = t.SQL.Bare.bareKey(rows)
	return key, "[" + strconv.FormatInt(key, 10) + "]", ok && (written == "" || t.SQL.Bare.made != "")
}

// ImageNow returns the image that the table holds under a key; nil if there is none.
// written is the name of the table as a statement writes it, if nobody has looked yet
// what it means, or else "": if it means another table, there is no image.
func (t *Table) ImageNow(ctx context.Context, db Querier, key int64, written string) (image *string, err error) {
	b := t.SQL.Bare
	query := b.now
	if written != "" {
		query = b.made
	}
	err = EachValues(ctx, db, query, []any{key}, func(row []any) (err error) {
		image, err = t.ReadImage(ctx, db, row[:len(row)-1], true)
		return err
	})
	if b.IsHidden(err) {
		return nil, nil
	}
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
