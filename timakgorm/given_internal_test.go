package timakgorm

import (
	"encoding/json"
	"slices"
	"testing"
)

// A mark in a text or in a name is none.
func TestSplitMarks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		sql      string
		numbered bool
		want     []string
	}{
		{"a", false, []string{"a"}},
		{"a = ? AND b = ?", false, []string{"a = ", " AND b = ", ""}},
		{`"a?" = ? AND 'it''s ?' = ?`, false, []string{`"a?" = `, ` AND 'it''s ?' = `, ""}},
		{"`?` = $1 AND ? = ?", false, []string{"`?` = $1 AND ", " = ", ""}},
		{`"$1" = $1 AND '$2' = $23`, true, []string{`"$1" = `, ` AND '$2' = `, ""}},
		{"$a = $1", true, []string{"$a = ", ""}},
		{"?'", false, []string{"", "'"}},
	} {
		if got := splitMarks(test.sql, test.numbered); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.sql, got, test.want)
		}
	}
}

// A key has one text, whatever wrote it: the database, JSON, or the short ways
// that spare both.
func TestKeyText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"id": 5}`:                       `{"id":5}`,
		`{"id":-5}`:                       `{"id":-5}`,
		`{"id": null}`:                    `{"id":null}`,
		`{"id": 5.0}`:                     `{"id":5.0}`,
		`{"id": "5"}`:                     `{"id":"5"}`,
		`{"id": "a\":5"}`:                 `{"id":"a\":5"}`,
		`{"i<d": 5}`:                      `{"i<d":5}`,
		`{"i\u0064": 5}`:                  `{"id":5}`,
		`{"id": 5, "a": 6}`:               `{"a":6,"id":5}`,
		`{"Größe": 18446744073709551615}`: `{"Größe":18446744073709551615}`,
	} {
		key, err := parseKey(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := key.text()
		if string(got) != want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
		if plain, err := marshal(key); string(plain) != want || err != nil {
			t.Errorf("%s as JSON: got %s, %v, want %s", text, plain, err, want)
		}
	}
	if key, err := parseKey(`{"id": 5`); err == nil {
		t.Errorf("a broken key: got %v, want an error", key)
	}
}

// Lists hold an integer key bare, others as objects.
func TestKeyList(t *testing.T) {
	t.Parallel()
	rows := []change{{Key: json.RawMessage(`{"id":1}`)}, {Key: json.RawMessage(`{"id":null}`)}}
	if got, want := keyList(rows, true), "[1,null]"; got != want {
		t.Errorf("bare: got %s, want %s", got, want)
	}
	if got, want := keyList(rows, false), `[{"id":1},{"id":null}]`; got != want {
		t.Errorf("as objects: got %s, want %s", got, want)
	}
}
