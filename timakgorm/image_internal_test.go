package timakgorm

import (
	"strings"
	"testing"
	"time"

	"gorm.io/gorm/schema"
)

// What databases and drivers write for a time.
func TestParseTime(t *testing.T) {
	t.Parallel()
	field := &schema.Field{DBName: "at"}
	for text, want := range map[string]string{
		"2026-01-02T03:04:05Z":                             "2026-01-02T03:04:05Z",
		"2026-01-02T03:04:05.123456+05:45":                 "2026-01-01T21:19:05.123456Z",
		"2026-01-02T03:04:05.123456":                       "2026-01-02T03:04:05.123456Z",
		"1930-01-02T03:04:05+00:19:32":                     "1930-01-02T02:44:33Z",
		"2026-01-02 03:04:05.123456789-07:00":              "2026-01-02T10:04:05.123456789Z",
		"2026-01-02 03:04:05+00:00":                        "2026-01-02T03:04:05Z",
		"2026-01-02 03:04:05":                              "2026-01-02T03:04:05Z",
		"2026-01-02 03:04:05.5 +0100 CET":                  "2026-01-02T02:04:05.5Z",
		"2026-01-02 03:04:05 +0545 +0545":                  "2026-01-01T21:19:05Z",
		"2026-01-02 03:04:05 +0100 my zone m=+0.000000001": "2026-01-02T02:04:05Z",
		"2026-01-02": "2026-01-02T00:00:00Z",
	} {
		got, err := parseTime(field, text)
		if err != nil || got.Format(time.RFC3339Nano) != want || got.Location() != time.UTC {
			t.Errorf("parseTime(%q): got %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "infinity", "03:04:05", "2026-13-02", "1767323045"} {
		if got, err := parseTime(field, text); err == nil || !strings.Contains(err.Error(), `column "at" is "`+text+`": expected a date`) {
			t.Errorf("parseTime(%q): got %v, %v, want an error that names the column and the text", text, got, err)
		}
	}
}

// What is in an image that no database should have written is an error, which
// makes a dead letter, and no guess.
func TestImage_errors(t *testing.T) {
	t.Parallel()
	column := func(kind schema.DataType) *schema.Field {
		return &schema.Field{DBName: "c", DataType: kind, GORMDataType: kind}
	}
	for _, test := range []struct {
		image string
		read  func(i image) error
		want  string
	}{
		{`{}`, func(i image) error { _, _, err := i.text(column(schema.Int)); return err }, `image has no column "c"`},
		{`{"c":{"a":1}}`, func(i image) error { _, _, err := i.text(column(schema.String)); return err }, `column "c" is {"a":1}: expected a single value`},
		{`{"c":[1]}`, func(i image) error { _, _, err := i.text(column(schema.String)); return err }, `column "c" is [1]: expected a single value`},
		{`{"c":2}`, func(i image) error { _, err := i.truth(column(schema.Bool)); return err }, `column "c" is 2: expected a bool`},
		{`{"c":null}`, func(i image) error { _, err := i.date(column(schema.Time)); return err }, `column "c" is NULL`},
		{`{"c":1.5}`, func(i image) error { _, err := i.date(column(schema.Int)); return err }, `column "c": strconv.ParseInt`},
	} {
		i, err := parseImage(&test.image)
		if err != nil {
			t.Fatal(err)
		}
		if err := test.read(i); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", test.image, err, test.want)
		}
	}
	broken := `{"c":`
	if i, err := parseImage(&broken); err == nil {
		t.Errorf("parseImage(%s): got %v, want an error", broken, i)
	}
}

// A bool is true, false or, when it is NULL, false, however it is written.
func TestImage_truth(t *testing.T) {
	t.Parallel()
	field := &schema.Field{DBName: "c"}
	for raw, want := range map[string]bool{
		"true": true, "1": true, `"t"`: true, `"true"`: true, `"1"`: true,
		"false": false, "0": false, `"f"`: false, `"false"`: false, `"0"`: false, "null": false,
	} {
		if got, err := (image{"c": []byte(raw)}).truth(field); err != nil || got != want {
			t.Errorf("%s: got %t, %v, want %t", raw, got, err, want)
		}
	}
}
