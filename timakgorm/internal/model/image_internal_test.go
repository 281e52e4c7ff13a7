package model

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm/schema"
)

// Databases and drivers write a time in these ways.
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
		// Read by SQLite and by Go's drivers for it.
		"2026-01-02 03:04":               "2026-01-02T03:04:00Z",
		"2026-01-02T03:04":               "2026-01-02T03:04:00Z",
		"2026-01-02 03:04Z":              "2026-01-02T03:04:00Z",
		"2026-01-02T03:04Z":              "2026-01-02T03:04:00Z",
		"2026-01-02 03:04+05:45":         "2026-01-01T21:19:00Z",
		"2026-01-02T03:04-01:00":         "2026-01-02T04:04:00Z",
		"2026-01-02 03:04:05Z":           "2026-01-02T03:04:05Z",
		"2026-01-02 03:04:05.123456789Z": "2026-01-02T03:04:05.123456789Z",
		"2026-01-02 03:04:05 Z":          "2026-01-02T03:04:05Z",
		"2026-01-02 03:04:05 +01:00":     "2026-01-02T02:04:05Z",
		"2026-01-02T03:04:05.5-01:00":    "2026-01-02T04:04:05.5Z",
		"2026-01-02Z":                    "2026-01-02T00:00:00Z",
		"0000-01-01 00:00:00+00:00":      "0000-01-01T00:00:00Z",
		// Years that do not have four digits, and years before our era.
		"0044-03-15T01:02:03+00:00 BC":       "-0043-03-15T01:02:03Z",
		"0044-03-15T01:02:03.5+01:00:44 BC":  "-0043-03-15T00:01:19.5Z",
		"0001-12-31T23:00:00-02:00 BC":       "0001-01-01T01:00:00Z",
		"0001-12-31T23:00:00 BC":             "0000-12-31T23:00:00Z",
		"0005-02-29 BC":                      "-0004-02-29T00:00:00Z",
		"4713-11-24T00:00:00+00:00 BC":       "-4712-11-24T00:00:00Z",
		"-0043-03-15 01:02:03+00:00":         "-0043-03-15T01:02:03Z",
		"-0043-03-15 01:02:03 +0100 CET":     "-0043-03-15T00:02:03Z",
		"12000-02-29T00:00:00+00:00":         "12000-02-29T00:00:00Z",
		"12000-01-01 00:00:00.000001+01:00":  "11999-12-31T23:00:00.000001Z",
		"12000-01-01":                        "12000-01-01T00:00:00Z",
		"294247-01-10T04:00:54.775807+00:00": "294247-01-10T04:00:54.775807Z",
	} {
		got, err := parseTime(field, text)
		if err != nil || got.Format(time.RFC3339Nano) != want || got.Location() != time.UTC {
			t.Errorf("parseTime(%q): got %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{
		"294247-01-10T04:00:54.775808+00:00", "294276-12-31T23:59:59.999999+00:00", "5874897-12-31", "290309-12-21T19:59:05 BC", "999999999-01-01",
	} {
		if got, err := parseTime(field, text); err == nil || !strings.Contains(err.Error(), "from 290309 BC to 294247") {
			t.Errorf("parseTime(%q): got %v, %v, want an error that tells the range", text, got, err)
		}
	}
	for _, text := range []string{
		"", "infinity", "-infinity", "03:04:05", "2026-13-02", "1767323045", "12026-02-30", "0005-02-29", "0004-02-29 BC", "-2026", "2026-01-02 BC BC", "-0043-03-15 BC",
		"2026-01-02 03:04:05 x", "2026-01-02 03", "99999999999-01-01",
	} {
		if got, err := parseTime(field, text); err == nil || !strings.Contains(err.Error(), `column "at" is "`+text+`": expected a date`) {
			t.Errorf("parseTime(%q): got %v, %v, want an error that names the column and the text", text, got, err)
		}
	}
}

// An image that no database should have written is an error, which makes a dead
// letter. Nothing is guessed.
func TestImage_errors(t *testing.T) {
	t.Parallel()
	column := func(kind schema.DataType) *schema.Field {
		return &schema.Field{DBName: "c", DataType: kind, GORMDataType: kind, IndirectFieldType: reflect.TypeFor[int64]()}
	}
	for _, test := range []struct {
		image string
		read  func(i Image) error
		want  string
	}{
		{`{}`, func(i Image) error { _, _, err := i.text(column(schema.Int)); return err }, `image has no column "c"`},
		{`{"c":{"a":1}}`, func(i Image) error { _, _, err := i.text(column(schema.String)); return err }, `column "c" is {"a":1}: expected a single value`},
		{`{"c":[1]}`, func(i Image) error { _, _, err := i.text(column(schema.String)); return err }, `column "c" is [1]: expected a single value`},
		{`{"c":2}`, func(i Image) error { _, err := i.truth(column(schema.Bool)); return err }, `column "c" is 2: expected a bool`},
		{`{"c":"yes"}`, func(i Image) error { _, err := i.truth(column(schema.Bool)); return err }, `column "c" is "yes": expected a bool`},
		{`{"c":1.5}`, func(i Image) error { _, err := i.truth(column(schema.Bool)); return err }, `column "c" is 1.5: expected a bool`},
		{`{"c":null}`, func(i Image) error { _, err := i.date(column(schema.Time)); return err }, `column "c" is NULL`},
		{`{"c":1.5}`, func(i Image) error { _, err := i.date(column(schema.Int)); return err }, `column "c" is 1.5: expected an integer from -9223372036854775808 to 9223372036854775807`},
		{`{"c":18446744073709551615}`, func(i Image) error { _, err := i.date(column(schema.Uint)); return err }, `column "c" is 18446744073709551615: expected microseconds that an int64 holds`},
	} {
		i, err := ParseImage(&test.image)
		if err != nil {
			t.Fatal(err)
		}
		if err := test.read(i); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", test.image, err, test.want)
		}
	}
	broken := `{"c":`
	if i, err := ParseImage(&broken); err == nil {
		t.Errorf("ParseImage(%s): got %v, want an error", broken, i)
	}
}

// A bool is true, false or, if NULL, false, in whichever form it is written.
func TestImage_truth(t *testing.T) {
	t.Parallel()
	field := &schema.Field{DBName: "c"}
	for raw, want := range map[string]bool{
		"true": true, "1": true, "1.0": true, "0.0": false, `"t"`: true, `"true"`: true, `"1"`: true,
		`"T"`: true, `"TRUE"`: true, `"True"`: true, `"F"`: false, `"FALSE"`: false, `"False"`: false,
		"false": false, "0": false, `"f"`: false, `"false"`: false, `"0"`: false, "null": false,
	} {
		if got, err := (Image{"c": []byte(raw)}).truth(field); err != nil || got != want {
			t.Errorf("%s: got %t, %v, want %t", raw, got, err, want)
		}
	}
}
