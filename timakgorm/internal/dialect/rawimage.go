package dialect

import (
	"context"
	"encoding/hex"
	"strconv"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// rawImage makes images of columns as SQLite stores them: to compile the SQL that makes
// one takes longer than to run the statement. It writes the same bytes as that SQL, or
// nothing.
type rawImage struct {
	labels []string // what comes before each value
	bytes  []bool   // whether the column holds bytes
}

func (d Dialect) rawImageOf(m *model.Model) rawImage {
	var r rawImage
	for i, field := range m.Columns {
		label := []byte(",\"")
		if i == 0 {
			label[0] = '{'
		}
		label, plain := appendText(label, field.DBName)
		if !plain {
			return rawImage{} // writes nothing
		}
		r.labels = append(r.labels, string(label)+`":`)
		r.bytes = append(r.bytes, model.KindOf(field) == schema.Bytes)
	}
	return r
}

// write returns the image of a row; ok is false if SQLite must write it.
func (r rawImage) write(values []any) (image string, ok bool) {
	if len(r.labels) != len(values) {
		return "", false
	}
	b := make([]byte, 0, 128)
	for i, value := range values {
		b = append(b, r.labels[i]...)
		if b, ok = appendValue(b, value, r.bytes[i]); !ok {
			return "", false
		}
	}
	return string(append(b, '}')), true
}

// appendValue writes a value as JSON, if it is one that SQLite writes the same way in
// all its versions: reals are not.
func appendValue(b []byte, value any, isBytes bool) (written []byte, ok bool) {
	switch v := value.(type) {
	case nil:
		return append(b, "null"...), true
	case []byte:
		return append(hex.AppendEncode(append(b, '"'), v), '"'), isBytes
	case int64:
		return strconv.AppendInt(b, v, 10), !isBytes
	case string:
		b, ok = appendText(append(b, '"'), v)
		return append(b, '"'), ok && !isBytes
	default:
		return b, false
	}
}

// appendText writes a text without its quotes, if it holds no other control characters
// than those of plain texts.
func appendText(b []byte, text string) (written []byte, ok bool) {
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < ' ':
			return b, false
		default:
			b = append(b, c)
		}
	}
	return b, true
}

// rawColumns returns the columns of an image as rawImage takes them. The first one is the
// primary key.
func (d Dialect) rawColumns(m *model.Model, column func(*schema.Field) string) string {
	return strings.Join(Columns(m.Columns, func(field *schema.Field) string { return strings.Replace(d.Plain, "%s", column(field), 1) }), ", ")
}

// ReadImage returns the image of a row of raw columns; shown says that it is not
// soft-deleted.
func (t *Table) ReadImage(ctx context.Context, db Querier, values []any, shown bool) (image *string, err error) {
	if !shown || values[0] == nil { // a row without a key has no image that could be found again
		return nil, nil
	}
	if text, ok := t.SQL.Bare.raw.write(values); ok {
		return &text, nil
	}
	err = EachValues(ctx, db, t.SQL.Bare.image, values[:1], func(row []any) (err error) {
		image, err = TextValue(row[0])
		return err
	})
	return image, err
}
