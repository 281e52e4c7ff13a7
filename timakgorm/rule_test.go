package timakgorm_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

func ExampleKey() {
	fmt.Println(timakgorm.Key("author:{}:posts", 7))
	fmt.Println(timakgorm.Key("author:{}:posts", "7:posts"))
	fmt.Println(timakgorm.Key("{group}/{user}", "a/b", "Žofie"))
	// Output:
	// author:7:posts
	// author:7%3Aposts:posts
	// a%2Fb/Žofie
}

type name string

func TestKey(t *testing.T) {
	t.Parallel()
	seven := uint8(7)
	for _, test := range []struct {
		value any
		want  string
	}{
		{-7, "x:-7"},
		{&seven, "x:7"},
		{sql.NullInt64{Int64: 8, Valid: true}, "x:8"},
		{true, "x:true"},
		{"", "x:"},
		{"%20", "x:%2520"},
		{name("{}"), "x:%7B%7D"},
		{"a\x00b", "x:a%00b"},
		{uuid.MustParse("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"), "x:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"},
	} {
		if got := timakgorm.Key("x:{}", test.value); got != test.want {
			t.Errorf("Key of %#v: got %q, want %q", test.value, got, test.want)
		}
	}
}

func TestKey_panics(t *testing.T) {
	t.Parallel()
	var nobody *uuid.UUID
	for _, test := range []struct {
		template string
		values   []any
		want     string
	}{
		{"x:{", []any{1}, `Key: "x:{" has an unclosed {`},
		{"x:{}", nil, `Key("x:{}") wants 1 values, got 0`},
		{"x:{}", []any{1, 2}, `Key("x:{}") wants 1 values, got 2`},
		{"x:{}:{}", []any{1, 1.5}, `Key("x:{}:{}"): value 2 is 1.5, a float64: expected an integer, a text, a bool or a UUID`},
		{"x:{}", []any{time.Time{}}, "a time.Time: expected"},
		{"x:{}", []any{[]byte("x")}, "a []uint8: expected"},
		{"x:{}", []any{nil}, "value 1 is <nil>"},
		{"x:{}", []any{nobody}, "value 1 is <nil>, a *uuid.UUID"},
		{"x:{}", []any{sql.NullString{}}, "a sql.NullString: expected"},
	} {
		func() {
			defer func() {
				got := fmt.Sprint(recover())
				if !strings.HasPrefix(got, "timakgorm: Key") || !strings.Contains(got, test.want) {
					t.Errorf("Key(%q, %v): panic %q, want %q", test.template, test.values, got, test.want)
				}
			}()
			timakgorm.Key(test.template, test.values...)
		}()
	}
}

// Wall has keys of a text that users choose, one of which is the beginning of
// the other.
type Wall struct {
	ID        uint
	Owner     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=author:{Owner}"`
	_ timakgorm.Timeline `timak:"key=author:{Owner}:posts; source=by:{Owner}"`
}

// A user called 7:posts does not write into the timelines of user 7.
func TestRule_cannotBeForged(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Wall{}}, Tracked: []any{&Wall{}}})
		owners := []string{
			"7", "7:posts", "7%3Aposts", "7:posts:posts", "", ":posts", "{Owner}", "{}", "%", "%%", `"7"`, "'", `\`, "7 ", "７", "a/b,c;d=e",
			"line\nfeed\ttab", "<b>&amp;</b>", "Žofie", "🙂\u200d", "7\u0301",
		}
		if dialect == "sqlite" { // Postgres has no texts with it
			owners = append(owners, "7\x00:posts")
		}
		for i, owner := range owners {
			w.Must(w.DB.Create(&Wall{ID: uint(i + 1), Owner: owner, CreatedAt: world.At(i)}).Error)
		}
		for i, owner := range owners {
			id := fmt.Sprint("walls:", i+1)
			w.WantIDs(timakgorm.Key("author:{}", owner), id)
			w.WantIDs(timakgorm.Key("author:{}:posts", owner), id)
		}
		if n := w.Dead(); n > 0 {
			t.Errorf("%d dead letters", n)
		}
	})
}

// Talk has two rules that may name one timeline, which holds two items.
type Talk struct {
	ID        uint
	Speaker   string
	Host      string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=person:{Speaker}; max=2; data=Speaker"`
	_ timakgorm.Timeline `timak:"key=person:{Host}; max=2; data=Host"`
}

// Where two rules name one place, the item is there once, as the first says,
// until neither names it.
func TestRule_onePlace(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Talk{}}, Tracked: []any{&Talk{}}})
		set := func(column, person string) {
			t.Helper()
			w.Must(w.DB.Model(&Talk{ID: 1}).Update(column, person).Error)
		}
		w.Must(w.DB.Create(&Talk{Speaker: "ann", Host: "ann", CreatedAt: world.At(1)}).Error)
		wantItems(w, "person:ann", `talks:1 00:01 {"speaker":"ann"}`)
		set("speaker", "bob")
		wantItems(w, "person:ann", `talks:1 00:01 {"host":"ann"}`)
		wantItems(w, "person:bob", `talks:1 00:01 {"speaker":"bob"}`)
		set("host", "bob")
		wantItems(w, "person:ann")
		wantItems(w, "person:bob", `talks:1 00:01 {"speaker":"bob"}`)
		w.Must(w.DB.Create(&[]Talk{{Speaker: "bob", CreatedAt: world.At(2)}, {Host: "bob", CreatedAt: world.At(0)}, {Host: "bob", CreatedAt: world.At(3)}}).Error)
		w.WantIDs("person:bob", "talks:4", "talks:2")
	})
}

// Account has an id of its own, which two rows may trade.
type Account struct {
	ID        uint
	Slug      string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=accounts; id=account:{Slug}; data=ID"`
}

// Rows that trade ids: each id shows what the row says that has it now.
func TestRule_tradedIDs(t *testing.T) {
	t.Parallel()
	swap := func(db *gorm.DB) error {
		return db.Model(&Account{}).Where("slug IN ?", []string{"a", "b"}).
			Update("slug", gorm.Expr("CASE slug WHEN 'a' THEN 'b' ELSE 'a' END")).Error
	}
	set := func(db *gorm.DB, id uint, slug string) error {
		return db.Model(&Account{ID: id}).Update("slug", slug).Error
	}
	detour := func(db *gorm.DB) error {
		return world.FirstError(set(db, 1, "c"), func() error {
			return world.FirstError(set(db, 2, "a"), func() error { return set(db, 1, "b") })
		})
	}
	for name, trade := range map[string]func(*gorm.DB) error{"one statement": swap, "three statements": detour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world.OnBoth(t, func(t *testing.T, dialect string) {
				for _, drained := range []bool{true, false} {
					w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Account{}}, Tracked: []any{&Account{}}})
					w.Must(w.DB.Create(&[]Account{{Slug: "a", CreatedAt: world.At(1)}, {Slug: "b", CreatedAt: world.At(2)}}).Error)
					if drained {
						w.Drain()
					}
					w.Must(trade(w.DB))
					wantItems(w, "accounts", "account:a 00:02 {\"id\":2}", "account:b 00:01 {\"id\":1}")
				}
			})
		})
	}
}

// wantItems drains and compares a timeline's items: id, minute and second of
// the date, data.
func wantItems(w *world.World, key string, want ...string) {
	w.Helper()
	w.Drain()
	timeline, err := w.Timelines.Get(w.Context(), key)
	w.Must(err)
	var got []string
	for _, item := range timeline.Items() {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", item.ID, item.At.UTC().Format("15:04"), item.Data)))
	}
	if !slices.Equal(got, want) {
		w.Errorf("timeline %q: got %q, want %q", key, got, want)
	}
}
