package timakgorm

import (
	"bytes"
	"fmt"
	"strings"

	"gorm.io/gorm/schema"
)

// given is how SQL reads changes that are in parameters.
type given struct {
	rows    string   // the FROM item, with the rows as e
	keyRows string   // the same for keys without images
	key     string   // a row's primary key, as a JSON object
	keys    []string // its columns, of their own types
	pk      string   // the same as the outbox has them
	old     string   // the image
	lists   bool     // as of givenLists

	// encode writes changes as the parameters of rows, encodeKeys their keys as
	// that of keyRows.
	encode     func(rows []change) []any
	encodeKeys func(rows []change) any
}

// givenRow returns how to read a single change. Postgres takes an array to have a
// hundred elements, and would rather read all of a small table than look for
// these; a single row it finds by its key.
func (d dialect) givenRow(m *model, from string, quote func(string) string) given {
	g := d.givenIn(d.row, m, from, quote)
	g.encode = func(rows []change) []any { return []any{string(rows[0].append(nil))} }
	g.encodeKeys = func(rows []change) any { return string(change{Key: rows[0].Key}.append(nil)) }
	return g
}

// givenRows returns how to read an array of changes.
func (d dialect) givenRows(m *model, from string, quote func(string) string) given {
	g := d.givenIn(d.rows, m, from, quote)
	g.encode = func(rows []change) []any { return []any{array(rows, change.append)} }
	g.encodeKeys = func(rows []change) any { return (&changes{rows: rows}).keys() }
	return g
}

// givenLists returns how to read changes of Postgres from two arrays, of their
// keys and of their images: those of one array would cost twice as much to take
// apart.
func (d dialect) givenLists(m *model, from string, quote func(string) string) given {
	const list = "json_array_elements_text(?::text::json)"
	both, bare := "ROWS FROM ("+list+", "+list+") AS e(k, o)", bareKey(m)
	d.rowKey, d.old = "(e.k::json)", "e.o::json"
	g := d.givenIn(both, m, from, quote)
	if bare {
		g.rows, g.keys = both, []string{"e.k::bigint"}
		g.pk = fmt.Sprintf(d.array, g.keys[0])
	}
	g.lists = true
	g.keyRows = strings.Replace(g.rows, both, list+" AS e(k)", 1)
	g.encode = func(rows []change) []any { return []any{keyList(rows, bare), oldList(rows)} }
	g.encodeKeys = func(rows []change) any { return keyList(rows, bare) }
	return g
}

// bareKey reports whether a list holds keys as bare numbers, and not as objects.
func bareKey(m *model) bool { return len(m.keys) == 1 && isInteger(m.keys[0]) }

// givenIn returns how to read changes of a model's table, which from names, from
// an item of a FROM. On Postgres a value takes its column's type by way of a
// record of the table, but for integers, where a cast does: a record costs more
// than all the rest.
func (d dialect) givenIn(rows string, m *model, from string, quote func(string) string) given {
	g := given{rows: rows, key: d.rowKey, keys: make([]string, len(m.keys)), old: d.old}
	integers := d.numbered
	for _, field := range m.keys {
		integers = integers && isInteger(field)
	}
	if d.numbered && !integers {
		g.rows += fmt.Sprintf(" CROSS JOIN LATERAL json_populate_record(NULL::%s, %s) k", from, d.rowKey)
	}
	for i, field := range m.keys {
		switch {
		case !d.numbered:
			g.keys[i] = "json_extract(e.value, '$.k." + `"` + field.DBName + `"')`
		case integers:
			g.keys[i] = "(" + d.rowKey + "->>'" + strings.ReplaceAll(field.DBName, "'", "''") + "')::bigint"
		default:
			g.keys[i] = "k." + quote(field.DBName)
		}
	}
	g.keyRows = g.rows
	g.pk = fmt.Sprintf(d.array, strings.Join(g.keys, ", "))
	return g
}

// isInteger reports whether a column is an integer, as far as the model says.
func isInteger(field *schema.Field) bool {
	kind := kindOf(field)
	return (kind == schema.Int || kind == schema.Uint) && field.TagSettings["TYPE"] == ""
}

// append writes a change as givenRow reads it.
func (c change) append(b []byte) []byte {
	b = append(append(b, `{"k":`...), c.Key...)
	if c.Old != nil {
		b = appendImage(append(b, `,"o":`...), *c.Old)
	}
	return append(b, '}')
}

// appendImage writes an image as a parameter holds it: JSON as the database has
// written it, which goes back as it is. Postgres refuses some escapes of Unicode
// where it takes JSON apart, though a column may hold them: they are in a text.
func appendImage(b []byte, image string) []byte {
	if strings.Contains(image, `\u`) {
		text, _ := marshal(image) // which fails for no text
		return append(b, text...)
	}
	return append(b, image...)
}

// array writes a JSON array of what write appends for each row.
func array(rows []change, write func(row change, b []byte) []byte) string {
	b := []byte{'['}
	for i, row := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = write(row, b)
	}
	return string(append(b, ']'))
}

// keyList writes primary keys, as bare numbers or as objects.
func keyList(rows []change, bare bool) string {
	return array(rows, func(row change, b []byte) []byte {
		if bare { // {"id":1}
			return append(b, row.Key[bytes.LastIndexByte(row.Key, ':')+1:len(row.Key)-1]...)
		}
		return append(b, row.Key...)
	})
}

// oldList writes images, null for none.
func oldList(rows []change) string {
	return array(rows, func(row change, b []byte) []byte {
		if row.Old == nil {
			return append(b, "null"...)
		}
		return appendImage(b, *row.Old)
	})
}
