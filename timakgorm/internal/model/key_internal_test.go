package model

import "testing"

// A key has one text, whether the database, JSON or one of the short cuts that
// avoid both has written it.
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
		key, err := ParseKey(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := key.Text()
		if string(got) != want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
		if plain, err := JSON(key); string(plain) != want || err != nil {
			t.Errorf("%s as JSON: got %s, %v, want %s", text, plain, err, want)
		}
	}
	if key, err := ParseKey(`{"id": 5`); err == nil {
		t.Errorf("a broken key: got %v, want an error", key)
	}
}
