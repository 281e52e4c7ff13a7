package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm/schema"
)

// Image is the columns of a row that its rules name, as the database writes them
// in JSON. It is nil if the row is absent or soft-deleted.
type Image map[string]json.RawMessage

// ParseImage reads an image from the outbox. A nil text is NULL, and gives a nil
// Image.
func ParseImage(text *string) (Image, error) {
	if text == nil {
		return nil, nil
	}
	var i Image
	if err := json.Unmarshal([]byte(*text), &i); err != nil {
		return nil, fmt.Errorf("the image is not a JSON object: %w", err)
	}
	return i, nil
}

// errOldImage is returned for a rule that names a column which it did not name
// when the image was taken: an older program wrote the image.
var errOldImage = errors.New("it was taken before the rule named it")

// value returns a column's JSON, and reports whether it is not NULL.
func (i Image) value(field *schema.Field) (json.RawMessage, bool, error) {
	raw, found := i[field.DBName]
	if !found {
		return nil, false, fmt.Errorf("image has no column %q: %w", field.DBName, errOldImage)
	}
	return raw, string(raw) != "null", nil
}

// text returns a column as it stands in a key, the same for every database.
// present is false for NULL.
func (i Image) text(field *schema.Field) (text string, present bool, err error) {
	raw, present, err := i.value(field)
	if err != nil || !present {
		return "", false, err
	}
	switch kind := KindOf(field); kind {
	case schema.Bool:
		truth, err := i.truth(field)
		return strconv.FormatBool(truth), true, err
	case schema.Int, schema.Uint:
		text, err := integerIn(field, kind, raw)
		return text, true, err
	default:
	}
	switch raw[0] {
	case '"':
		if !utf8.Valid(raw) { // decoding would map different texts to one
			return "", false, fmt.Errorf("column %q is not valid UTF-8", field.DBName)
		}
		err = json.Unmarshal(raw, &text)
		return text, true, err
	case '{', '[':
		return "", false, fmt.Errorf("column %q is %s: expected a single value", field.DBName, shortened(raw))
	default:
		return string(raw), true, nil
	}
}

// truth returns a bool column; NULL is false. SQLite writes 0 and 1, and stores
// any other value as it is given: a text is read as Go reads a bool, and a real
// number as the integer that it equals.
func (i Image) truth(field *schema.Field) (bool, error) {
	raw, present, err := i.value(field)
	if err != nil || !present {
		return false, err
	}
	truth, err := parseTruth(raw)
	if err != nil {
		return false, fmt.Errorf("column %q is %s: expected a bool", field.DBName, shortened(raw))
	}
	return truth, nil
}

func parseTruth(raw json.RawMessage) (bool, error) {
	return strconv.ParseBool(scalar(raw))
}

// date returns a time, or an integer as microseconds. NULL is an error.
func (i Image) date(field *schema.Field) (time.Time, error) {
	text, present, err := i.text(field)
	if err != nil {
		return time.Time{}, err
	}
	if !present {
		return time.Time{}, fmt.Errorf("column %q is NULL: an item needs a date while its condition is true", field.DBName)
	}
	if KindOf(field) != schema.Time {
		score, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return time.Time{}, fmt.Errorf("column %q is %s: expected microseconds that an int64 holds", field.DBName, text)
		}
		return time.UnixMicro(score).UTC(), nil
	}
	return parseTime(field, text)
}

// shownBytes is how many bytes of a value an error shows.
const shownBytes = 64

// shortened returns a value as an error shows it: the first shownBytes of it.
func shortened[T ~[]byte | ~string](value T) string {
	cut := string(value[:min(len(value), shownBytes)])
	if len(value) > len(cut) {
		cut += "…"
	}
	return strings.ToValidUTF8(cut, "\uFFFD")
}

// object returns columns as a JSON object, the same for every database. It
// returns nil if there are no fields.
func (i Image) object(fields []*schema.Field) ([]byte, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	b := bytes.NewBufferString("{")
	for n, field := range fields {
		raw, _, err := i.value(field)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			b.WriteByte(',')
		}
		name, err := JSON(field.DBName)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(dataOf(field, raw))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnknownColumn returns the first column of an image, ordered by name, that no
// rule names. It returns "" if there is none.
func (m *Model) UnknownColumn(i Image) (unknown string) {
	for name := range i {
		if (unknown == "" || name < unknown) && !slices.ContainsFunc(m.Columns, func(c *schema.Field) bool { return c.DBName == name }) {
			unknown = name
		}
	}
	return unknown
}
