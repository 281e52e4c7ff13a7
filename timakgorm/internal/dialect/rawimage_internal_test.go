package dialect

import (
	"database/sql"
	"strings"
	"testing"

	_ "github.com/glebarez/go-sqlite" // the database
	"gorm.io/gorm/schema"
	"pgregory.net/rapid"

	"github.com/timak-go/timak/timakgorm/internal/model"
)

// rawValue draws a value as a column of SQLite may hold it.
func rawValue() *rapid.Generator[any] {
	return rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Map(rapid.Int64(), func(v int64) any { return v }),
		rapid.Map(rapid.Float64(), func(v float64) any { return v }),
		rapid.Map(rapid.String(), func(v string) any { return v }),
		text("a\"\\/'<&\n\r\t\x7fé\u2028😀"),
		text("a\n\b\f\x00\x01\x1f"),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(v []byte) any { return v }),
	)
}

// text draws a text of some characters.
func text(of string) *rapid.Generator[any] {
	return rapid.Map(rapid.StringOf(rapid.SampledFrom([]rune(of))), func(v string) any { return v })
}

// What rawImage writes is what SQLite writes, byte by byte; and it writes all but
// reals, bytes in other columns and rare control characters.
func TestRawImage(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	fields := []*schema.Field{
		{DBName: "id", GORMDataType: schema.Uint, DataType: schema.Uint, PrimaryKey: true},
		{DBName: `a "quoted" name`, GORMDataType: schema.String, DataType: schema.String},
		{DBName: "body", GORMDataType: schema.Bytes, DataType: schema.Bytes},
	}
	raw := SQLite.rawImageOf(&model.Model{Columns: fields})
	column := func(field *schema.Field) string { return "v." + field.DBName[:1] }
	query := "SELECT " + SQLite.ObjectOf(fields, column) + " FROM (SELECT ? AS i, ? AS a, ? AS b) v"
	check := func(t interface{ Fatalf(string, ...any) }, values []any) {
		got, ok := raw.write(values)
		var want string
		switch err := db.QueryRow(query, values...).Scan(&want); {
		case err != nil:
			t.Fatalf("%#v: %v", values, err)
		case ok && got != want:
			t.Fatalf("%#v:\ngot  %s\nwant %s", values, got, want)
		case !ok && plainValues(values):
			t.Fatalf("%#v: it has left %s to SQLite", values, want)
		}
	}
	for c := range rune(0x180) {
		check(t, []any{int64(1), "a" + string(c) + "z", nil})
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, []any{rapid.Int64().Draw(t, "id"), rawValue().Draw(t, "text"), rapid.OneOf(rapid.Just[any](nil), rawValue()).Draw(t, "bytes")})
	})
}

// plainValues reports whether rawImage must write an image of these values.
func plainValues(values []any) bool {
	text, isText := values[1].(string)
	_, isInt := values[1].(int64)
	_, isBytes := values[2].([]byte)
	return (isInt || values[1] == nil || isText && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\n\r\t", r) })) && (isBytes || values[2] == nil)
}
