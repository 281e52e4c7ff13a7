package model

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm/schema"
)

// integerIn returns the JSON of an integer column as it stands in a key. It is an
// error if the column contains what the field cannot hold: SQLite stores any
// value, Postgres may store one out of its range.
func integerIn(field *schema.Field, kind schema.DataType, raw json.RawMessage) (string, error) {
	text := scalar(raw)
	if !inRange(field, kind, text) {
		return "", fmt.Errorf("column %q is %s: expected an integer %s", field.DBName, shortened(raw), rangeOf(field, kind))
	}
	return text, nil
}

// scalar returns a number, or a text without escapes, as it stands in a key. A
// real number that is whole becomes an integer, because the database considers
// them equal.
func scalar(raw json.RawMessage) string {
	text := strings.Trim(string(raw), `"`)
	if raw[0] == '"' || !strings.ContainsAny(text, ".eE") {
		return text
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || number != math.Trunc(number) || number < -1<<63 || number >= 1<<63 {
		return text
	}
	return strconv.FormatInt(int64(number), 10)
}

// Holds reports whether a column may stand in a key as text. Each value of a
// column has one text.
func Holds(field *schema.Field, text string) bool {
	switch kind := KindOf(field); kind {
	case schema.Int, schema.Uint:
		return inRange(field, kind, text)
	case schema.Bool:
		return text == "true" || text == "false"
	default:
		return utf8.ValidString(text)
	}
}

// inRange reports whether text is an integer that a field holds, in its canonical
// form.
func inRange(field *schema.Field, kind schema.DataType, text string) bool {
	digits := strings.TrimPrefix(text, "-")
	if text != "0" && (digits == "" || digits[0] < '1' || digits[0] > '9') {
		return false
	}
	var err error
	if kind == schema.Uint {
		_, err = strconv.ParseUint(text, 10, bitsOf(field))
	} else {
		_, err = strconv.ParseInt(text, 10, bitsOf(field))
	}
	return err == nil
}

var valuerType = reflect.TypeFor[driver.Valuer]()

// bitsOf returns the size of an integer field. It is 64 for a field that is a
// driver.Valuer, whose values may be any.
func bitsOf(field *schema.Field) int {
	switch t := field.IndirectFieldType; t.Kind() {
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		if !t.Implements(valuerType) && !reflect.PointerTo(t).Implements(valuerType) {
			return t.Bits()
		}
	default:
	}
	return 64
}

func rangeOf(field *schema.Field, kind schema.DataType) string {
	bits := bitsOf(field)
	if kind == schema.Uint {
		return fmt.Sprintf("from 0 to %d", uint64(math.MaxUint64)>>(64-bits))
	}
	return fmt.Sprintf("from %d to %d", int64(math.MinInt64)>>(64-bits), int64(math.MaxInt64)>>(64-bits))
}
