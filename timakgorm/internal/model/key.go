package model

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// RowKey is the primary key of a row, by column names.
type RowKey map[string]any

// ParseKey reads a key that the database has written. Numbers stay as they are
// written.
func ParseKey(text string) (RowKey, error) {
	if name, number, plain := plainKey(text); plain {
		return RowKey{name: json.Number(number)}, nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var key RowKey
	err := d.Decode(&key)
	return key, err
}

// KeyIn returns the primary key of the row that an image is of.
func (m *Model) KeyIn(image string) (RowKey, error) {
	all, err := ParseKey(image)
	if err != nil {
		return nil, err
	}
	key := RowKey{}
	for _, field := range m.Keys {
		key[field.DBName] = all[field.DBName]
	}
	return key, nil
}

// plainKey reads a key of one integer, which is the most frequent, without the
// cost of decoding JSON.
func plainKey(text string) (name, number string, plain bool) {
	body, opened := strings.CutPrefix(text, `{"`)
	body, closed := strings.CutSuffix(body, "}")
	name, number, parted := strings.Cut(body, `":`)
	number = strings.TrimPrefix(number, " ")
	return name, number, opened && closed && parted && isPlainName(name) && isDecimal(number)
}

// Text writes a key as JSON. Equal keys have equal texts.
func (k RowKey) Text() ([]byte, error) {
	for name, value := range k {
		if number, ok := value.(json.Number); ok && len(k) == 1 && isPlainName(name) && isDecimal(string(number)) {
			return []byte(`{"` + name + `":` + string(number) + "}"), nil
		}
	}
	return JSON(k)
}

// isPlainName reports whether JSON writes a name without escapes.
func isPlainName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r != '_' && (r > 'z' || r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a') })
}

// isDecimal reports whether a text is a whole number.
func isDecimal(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// KeyValue returns a value of a key as JSON holds it, as the database writes it
// too: an integer, a text, a bool, or nil for NULL. Other types are an error.
func KeyValue(v any) (any, error) {
	if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
		return nil, nil // calling its Value method may panic
	}
	if valuer, ok := v.(driver.Valuer); ok {
		value, err := valuer.Value()
		if err != nil {
			return nil, err
		}
		v = value
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Invalid:
		return nil, nil
	case reflect.Pointer:
		return KeyValue(r.Elem().Interface())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return json.Number(strconv.FormatInt(r.Int(), 10)), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return json.Number(strconv.FormatUint(r.Uint(), 10)), nil
	case reflect.String:
		return r.String(), nil
	case reflect.Bool:
		return r.Bool(), nil
	default:
		return nil, fmt.Errorf("a key of type %T: expected an integer, a text or a UUID", v)
	}
}
