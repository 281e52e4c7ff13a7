package model

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm/schema"
)

// dataOf returns a column's JSON with bools, times, floats and bytes written in
// one way, those in arrays too. What is none of its kind stays as the database
// writes it: data has no part in where an item lies.
func dataOf(field *schema.Field, raw json.RawMessage) json.RawMessage {
	if !utf8.Valid(raw) { // as Go reads it
		raw = bytes.ToValidUTF8(raw, []byte("\ufffd"))
	}
	write := dataWriter(field)
	switch {
	case write == nil:
		return raw
	case KindOf(field) == arrayKind:
		return arrayData(raw, write)
	case string(raw) == "null":
		return raw
	default:
		return write(raw)
	}
}

// dataWriter returns what writes a value of a field's kind; nil if its JSON is
// plain as it is.
func dataWriter(field *schema.Field) func(json.RawMessage) json.RawMessage {
	switch elementKind(field) {
	case schema.Bool:
		return boolData
	case schema.Time:
		return timeData
	case schema.Bytes:
		return bytesData
	case schema.Int, schema.Uint:
		return bareNumber
	case schema.Float:
		return func(raw json.RawMessage) json.RawMessage { return floatData(field, raw) }
	default:
		return nil
	}
}

// arrayData writes the elements of an array of any number of dimensions.
func arrayData(raw json.RawMessage, write func(json.RawMessage) json.RawMessage) json.RawMessage {
	var elements []json.RawMessage
	if json.Unmarshal(raw, &elements) != nil || elements == nil { // SQLite has no arrays
		return raw
	}
	b := []byte{'['}
	for i, element := range elements {
		if i > 0 {
			b = append(b, ',')
		}
		switch {
		case element[0] == '[':
			element = arrayData(element, write)
		case string(element) != "null":
			element = write(element)
		}
		b = append(b, element...)
	}
	return append(b, ']')
}

func boolData(raw json.RawMessage) json.RawMessage {
	truth, err := parseTruth(raw)
	if err != nil {
		return raw
	}
	return strconv.AppendBool(nil, truth)
}

func timeData(raw json.RawMessage) json.RawMessage {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return raw
	}
	date, ok := parseAny(text)
	if !ok { // such as infinity
		return raw
	}
	return json.RawMessage(strconv.Quote(date.Format(time.RFC3339Nano)))
}

// bytesData writes what Postgres has written as bytes of an array.
func bytesData(raw json.RawMessage) json.RawMessage {
	if digits, found := bytes.CutPrefix(raw, []byte(`"\\x`)); found {
		return append([]byte{'"'}, digits...)
	}
	return raw
}

// bareNumber writes a number that stands in a text as one: SQLite may keep it as
// bytes.
func bareNumber(raw json.RawMessage) json.RawMessage {
	bare := bytes.Trim(raw, `"`)
	if len(bare) > 0 && len(bare) < len(raw) && json.Valid(bare) && bytes.ContainsAny(bare[:1], "-0123456789") && bytes.ContainsAny(bare[len(bare)-1:], "0123456789") {
		return bare
	}
	return raw
}

// exactDigits are those of a decimal number that a float64 has for sure.
const exactDigits = 15

// floatData writes the number that the Go field holds; for a field of no Go
// float all digits that the database has. Infinities are texts, as Postgres
// writes them; to SQLite they are numbers too large to be read.
func floatData(field *schema.Field, raw json.RawMessage) json.RawMessage {
	bits := 64
	kind := field.IndirectFieldType.Kind()
	if kind == reflect.Float32 {
		bits = 32
	}
	raw = bareNumber(raw)
	number, err := strconv.ParseFloat(string(raw), bits)
	switch {
	case math.IsInf(number, 0) && bytes.ContainsAny(raw, "eE"):
		return infinity(number)
	case err != nil: // a text already, or of more digits than any float
		return raw
	case kind != reflect.Float32 && kind != reflect.Float64 && digitsIn(raw) > exactDigits:
		return raw
	case bits == 32:
		return marshalFloat(float32(number))
	default:
		return marshalFloat(number)
	}
}

func infinity(number float64) json.RawMessage {
	if number < 0 {
		return json.RawMessage(`"-Infinity"`)
	}
	return json.RawMessage(`"Infinity"`)
}

func marshalFloat[F float32 | float64](number F) json.RawMessage {
	text, _ := json.Marshal(number) // which fails for no finite one
	return text
}

// digitsIn counts the significant digits of a number.
func digitsIn(raw json.RawMessage) int {
	mantissa, _, _ := strings.Cut(strings.ToLower(string(raw)), "e")
	return len(strings.TrimLeft(strings.NewReplacer("-", "", ".", "").Replace(mantissa), "0"))
}
