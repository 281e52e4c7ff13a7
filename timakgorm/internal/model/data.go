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
// one way, also in arrays. A value that is not of the field's kind stays as the
// database writes it: data does not decide where an item lies.
func dataOf(field *schema.Field, raw json.RawMessage) json.RawMessage {
	if !utf8.Valid(raw) { // as Go decodes it
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

// dataWriter returns the function that writes a value of a field's kind, or nil
// if its JSON is used as it is.
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

// arrayData writes the elements of an array with any number of dimensions.
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

// bytesData removes the prefix \x with which Postgres writes bytes in an array.
func bytesData(raw json.RawMessage) json.RawMessage {
	if digits, found := bytes.CutPrefix(raw, []byte(`"\\x`)); found {
		return append([]byte{'"'}, digits...)
	}
	return raw
}

// bareNumber writes a number without the quotes that are around it if SQLite
// stores it as bytes.
func bareNumber(raw json.RawMessage) json.RawMessage {
	bare := bytes.Trim(raw, `"`)
	if len(bare) > 0 && len(bare) < len(raw) && json.Valid(bare) && bytes.ContainsAny(bare[:1], "-0123456789") && bytes.ContainsAny(bare[len(bare)-1:], "0123456789") {
		return bare
	}
	return raw
}

// exactDigits is how many digits of a decimal number a float64 always keeps.
const exactDigits = 15

// floatData writes the number that the Go field holds or, if the field is no Go
// float, all digits that the database has. Infinities become texts, as Postgres
// writes them; SQLite writes them as numbers too large to be read.
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
	case err != nil: // already a text, or out of the range of a float
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
	text, _ := json.Marshal(number) // never fails for a finite number
	return text
}

// digitsIn counts the significant digits of a number.
func digitsIn(raw json.RawMessage) int {
	mantissa, _, _ := strings.Cut(strings.ToLower(string(raw)), "e")
	return len(strings.TrimLeft(strings.NewReplacer("-", "", ".", "").Replace(mantissa), "0"))
}
