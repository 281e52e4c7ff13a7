package dialect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// Given is how SQL reads the changes that its parameters contain.
type Given struct {
	Rows    string   // the FROM item; the rows are e
	keyRows string   // the same for keys without images
	Key     string   // a row's primary key, as a JSON object
	Keys    []string // its columns, with their own types
	PK      string   // the primary key as the outbox stores it
	Old     string   // the image
	lists   bool     // made by givenLists

	// encode writes changes as the parameters of Rows; encodeKeys writes their
	// keys as the parameter of keyRows.
	encode     func(rows []Change) []any
	encodeKeys func(rows []Change) any
}

// givenRow returns how to read a single change. Postgres estimates that an array
// has a hundred elements, and would scan a small table rather than look for
// these. It finds a single row by its key.
func (d Dialect) givenRow(m *model.Model, from string, quote func(string) string) Given {
	g := d.givenIn(d.row, m, from, quote)
	g.encode = func(rows []Change) []any { return []any{string(rows[0].append(nil))} }
	g.encodeKeys = func(rows []Change) any { return string(Change{Key: rows[0].Key}.append(nil)) }
	return g
}

// GivenRows returns how to read an array of changes.
func (d Dialect) GivenRows(m *model.Model, from string, quote func(string) string) Given {
	g := d.givenIn(d.rows, m, from, quote)
	g.encode = func(rows []Change) []any { return []any{array(rows, Change.append)} }
	g.encodeKeys = func(rows []Change) any { return KeysOf(rows) }
	return g
}

// givenLists returns how Postgres reads changes from two arrays, one of their
// keys and one of their images. Taking one array of both apart would cost twice
// as much.
func (d Dialect) givenLists(m *model.Model, from string, quote func(string) string) Given {
	const list = "json_array_elements_text(?::text::json)"
	both, bare := "ROWS FROM ("+list+", "+list+") AS e(k, o)", BareKey(m)
	d.rowKey, d.old = "(e.k::json)", "e.o::json"
	g := d.givenIn(both, m, from, quote)
	if bare {
		g.Rows, g.Keys = both, []string{"e.k::bigint"}
		g.PK = fmt.Sprintf(d.Array, g.Keys[0])
	}
	g.lists = true
	g.keyRows = strings.Replace(g.Rows, both, list+" AS e(k)", 1)
	g.encode = func(rows []Change) []any { return []any{keyList(rows, bare), oldList(rows)} }
	g.encodeKeys = func(rows []Change) any { return keyList(rows, bare) }
	return g
}

// BareKey reports whether a list contains keys as bare numbers instead of
// objects.
func BareKey(m *model.Model) bool { return len(m.Keys) == 1 && model.IsInteger(m.Keys[0]) }

// givenIn returns how to read changes of a model's table, whose name is from,
// from the FROM item rows. On Postgres a value gets its column's type by way of a
// record of the table. Integers are cast instead, because a record costs more
// than all the rest.
func (d Dialect) givenIn(rows string, m *model.Model, from string, quote func(string) string) Given {
	g := Given{Rows: rows, Key: d.rowKey, Keys: make([]string, len(m.Keys)), Old: d.old}
	integers := d.Numbered
	for _, field := range m.Keys {
		integers = integers && model.IsInteger(field)
	}
	if d.Numbered && !integers {
		g.Rows += fmt.Sprintf(" CROSS JOIN LATERAL json_populate_record(NULL::%s, %s) k", from, d.rowKey)
	}
	for i, field := range m.Keys {
		switch {
		case !d.Numbered:
			g.Keys[i] = "json_extract(e.value, '$.k." + `"` + field.DBName + `"')`
		case integers:
			g.Keys[i] = "(" + d.rowKey + "->>'" + strings.ReplaceAll(field.DBName, "'", "''") + "')::bigint"
		default:
			g.Keys[i] = "k." + quote(field.DBName)
		}
	}
	g.keyRows = g.Rows
	g.PK = fmt.Sprintf(d.Array, strings.Join(g.Keys, ", "))
	return g
}

// append writes a change as givenRow reads it.
func (c Change) append(b []byte) []byte {
	b = append(append(b, `{"k":`...), c.Key...)
	if c.Old != nil {
		b = appendImage(append(b, `,"o":`...), *c.Old)
	}
	return append(b, '}')
}

// appendImage writes an image as a parameter holds it: the JSON that the database
// has written, unchanged. Postgres refuses some Unicode escapes when it takes
// JSON apart, although a column may contain them, so an image with escapes is
// written as a text.
func appendImage(b []byte, image string) []byte {
	if strings.Contains(image, `\u`) {
		text, _ := model.JSON(image) // which fails for no text
		return append(b, text...)
	}
	return append(b, image...)
}

// array writes a JSON array of what write appends for each row.
func array(rows []Change, write func(row Change, b []byte) []byte) string {
	b := []byte{'['}
	for i, row := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = write(row, b)
	}
	return string(append(b, ']'))
}

// keyList writes primary keys as bare numbers or as objects.
func keyList(rows []Change, bare bool) string {
	return array(rows, func(row Change, b []byte) []byte {
		if bare { // {"id":1}
			return append(b, row.Key[bytes.LastIndexByte(row.Key, ':')+1:len(row.Key)-1]...)
		}
		return append(b, row.Key...)
	})
}

// oldList writes images, null if there is none.
func oldList(rows []Change) string {
	return array(rows, func(row Change, b []byte) []byte {
		if row.Old == nil {
			return append(b, "null"...)
		}
		return appendImage(b, *row.Old)
	})
}

// Change is a row that a statement may have changed.
type Change struct {
	Key json.RawMessage // the primary key by column names
	Old *string         // the image; nil if the row was absent or soft-deleted

	// Least is the lowest version that the change may get, where a version is
	// forced.
	Least int64
}

// KeysOf writes primary keys as the array that GivenRows reads.
func KeysOf(rows []Change) string {
	return array(rows, func(row Change, b []byte) []byte { return Change{Key: row.Key}.append(b) })
}
