package audit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Berth is under keys of one column and of two.
type Berth struct {
	ID        uint
	Pier      int64
	Code      string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=pier:{Pier}"`
	_ timakgorm.Timeline `timak:"key=berth:{Code}:{Pier}"`
}

// oddPiers are values that no key is made of, before, between and after those that
// are.
func oddPiers(dialect string) []string {
	piers := []string{"-1e30", "1e30"}
	for n := range 110 {
		piers = append(piers, fmt.Sprintf("%d.5", n))
	}
	if dialect == "postgres" {
		return append(piers, "'NaN'")
	}
	return append(piers, "'oak'", "''", "x''", "x'ff'", "CAST(x'ff' AS text)", "9e999", "-9e999", "'x\u2028y'")
}

// berthWorld has rows of 110 piers, and others of odd ones, none of which is on a
// timeline.
func berthWorld(t *testing.T, dialect string) (w *world.World, good, odd int) {
	w = world.New(t, world.Setup{Dialect: dialect, Models: []any{&Berth{}}, Tracked: []any{&Berth{}}})
	if dialect == "postgres" {
		w.Must(w.DB.Exec("ALTER TABLE berths ALTER COLUMN pier TYPE numeric").Error)
	}
	var values []string
	add := func(pier, code string) {
		values = append(values, fmt.Sprintf("(%d, %s, %s, '2026-01-01 00:00:00+00:00')", len(values)+1, pier, code))
	}
	for n := range 110 {
		add(fmt.Sprint(n), "'c'")
		add(fmt.Sprint(n), "'d'")
		good++
	}
	for _, pier := range oddPiers(dialect) {
		add(pier, "'c'")
		add(pier, "'d'")
		odd++
	}
	strangely(w, "INSERT INTO berths (id, pier, code, created_at) VALUES "+strings.Join(values, ", "))
	return w, good, odd
}

// TestUnplaceable_paging: keys are read in pages, and go on after values that no
// key is made of, from wherever a run has ended.
func TestUnplaceable_paging(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w, good, odd := berthWorld(t, dialect)
		var steps []timakgorm.Progress
		_, all := w.Verify(timakgorm.VerifyOptions{Progress: func(p timakgorm.Progress) { steps = append(steps, p) }})
		if all.Keys != 3*good || all.Missing != 4*good || all.Unplaceable != 4*odd || all.Remaining != all.Found() {
			t.Errorf("got %d keys, %d missing, %d unplaceable; want %d, %d, %d", all.Keys, all.Missing, all.Unplaceable, 3*good, 4*good, 4*odd)
		}
		if len(steps) < 6 {
			t.Errorf("%d steps, want six at least", len(steps))
		}
		for n := 0; n < len(steps); n += 3 {
			step := steps[n]
			_, rest := w.Verify(timakgorm.VerifyOptions{From: step.From})
			if step.Keys+rest.Keys != all.Keys || step.Differences+rest.Found() != all.Found() {
				t.Errorf("after %d keys and %d differences: %d keys and %d differences, want %d and %d in all",
					step.Keys, step.Differences, rest.Keys, rest.Found(), all.Keys, all.Found())
			}
		}
		report, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
		if w.Must(err); report.Missing == 0 || report.Remaining != 4*odd {
			t.Errorf("Rebuild: got %+v, want %d remaining", report, 4*odd)
		}
	})
}

// TestUnplaceable_filters: what is asked for meets the odd rows that belong to it,
// and no other.
func TestUnplaceable_filters(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		models := []any{&Oddity{}, &Wave{}}
		w := world.New(t, world.Setup{Dialect: dialect, Models: models, Tracked: models})
		strangely(w, oddInsert(1, "opened", "NULL"), oddInsert(2, "seats", "300"), oddInsert(3, "", ""),
			"INSERT INTO waves (id, person, created_at) VALUES (1, 'Ann', NULL)")
		null := "unplaceable: column \"opened\" is NULL"
		cases := map[string]struct {
			opts timakgorm.VerifyOptions
			want []string
		}{
			"keys":         {timakgorm.VerifyOptions{Keys: []string{"named", "code:x"}}, []string{"named: oddities [1] " + null, "named: odd:n2 missing", "named: odd:n3 missing"}},
			"another key":  {timakgorm.VerifyOptions{Keys: []string{"code:x", "seats:3"}}, nil},
			"models":       {timakgorm.VerifyOptions{Models: []any{&Wave{}}}, []string{"person:Ann:all: waves [1] unplaceable: column \"created_at\" is NULL"}},
			"other models": {timakgorm.VerifyOptions{Models: []any{&Oddity{}}, Sample: 1 << 62}, []string{"oddities [2] unplaceable: column \"seats\" is 300"}},
		}
		for name, c := range cases {
			if got, _ := w.Verify(c.opts); !slices.EqualFunc(got, sorted(c.want), strings.HasPrefix) {
				t.Errorf("%s: got %q, want %q", name, got, c.want)
			}
		}
		for name, c := range cases {
			report, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Models: c.opts.Models, Keys: c.opts.Keys})
			if w.Must(err); report.Remaining != report.Unplaceable || report.Clean() != (report.Unplaceable == 0) {
				t.Errorf("%s: Rebuild: got %+v, want nothing to remain but the unplaceable", name, report)
			}
		}
	})
}

func sorted(lines []string) []string {
	out := slices.Clone(lines)
	slices.Sort(out)
	return out
}

// Shelf has a primary key of two columns, in which SQLite may keep anything.
type Shelf struct {
	Shop string `gorm:"primaryKey"`
	No   int32  `gorm:"primaryKey;autoIncrement:false"`
	City string
	Made time.Time

	_ timakgorm.Timeline `timak:"key=shelves; date=Made"`
	_ timakgorm.Timeline `timak:"key=shop:{Shop}; id=in:{City}; date=Made"`
}

// TestUnplaceable_primaryKey: a row that no statement finds by its primary key
// again is on no timeline, whether an id has the key in it or not.
func TestUnplaceable_primaryKey(t *testing.T) {
	t.Parallel()
	const notInt32 = "expected an integer from -2147483648 to 2147483647"
	for _, c := range []struct {
		shop, no, row, reason string
		keys                  []string
	}{
		{"NULL", "1", "[null,1]", `primary key "shop" is NULL`, []string{"shelves: "}},
		{"'s'", "NULL", `["s",null]`, `primary key "no" is NULL`, []string{"shelves: ", "shop:s: "}},
		{"'s'", "1.5", `["s",1.5]`, `column "no" is 1.5: ` + notInt32, []string{"shelves: ", "shop:s: "}},
		{"'s'", "'x'", `["s","x"]`, `column "no" is "x": ` + notInt32, []string{"shelves: ", "shop:s: "}},
		{"'s'", "2147483648", `["s",2147483648]`, `column "no" is 2147483648: ` + notInt32, []string{"shelves: ", "shop:s: "}},
		{"CAST(x'ff' AS text)", "1", "[\"\xff\",1]", `column "shop" is not valid UTF-8`, []string{"shelves: ", ""}},
		{"x'73'", "1", `[["73"],1]`, `column "shop" is ["73"]: expected a single value`, []string{"shelves: ", ""}},
	} {
		t.Run(c.shop+","+c.no, func(t *testing.T) {
			t.Parallel()
			world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
				w := world.NewBy(t, by, world.Setup{Dialect: "sqlite", Models: []any{&Shelf{}}, Tracked: []any{&Shelf{}}})
				odd := "INSERT INTO shelves (shop, no, city, made) VALUES (" + c.shop + ", " + c.no + ", 'odd', '2026-01-01')"
				if strings.HasPrefix(c.shop, "x'") && by == timakgorm.Triggers { // it can only have been there before them
					if _, err := w.Stranger().ExecContext(t.Context(), odd); err == nil || !strings.Contains(err.Error(), "JSON cannot hold BLOB values") {
						t.Errorf("got %v, want the triggers to refuse bytes in a primary key", err)
					}
					return
				}
				strangely(w, odd, "INSERT INTO shelves (shop, no, city, made) VALUES ('s', 1, 'even', '2026-01-01')")
				var want []string
				for _, key := range c.keys {
					want = append(want, key+"shelves "+c.row+" unplaceable: "+c.reason)
				}
				w.Drain()
				for _, letter := range w.DeadLetters() {
					if letter.Error != c.reason {
						t.Errorf("the dead letter says %q, want %q", letter.Error, c.reason)
					}
				}
				remains(w, len(want))
				w.WantDifferences(want...)
				strangely(w, "DELETE FROM shelves WHERE city = 'odd'")
				w.Drain()
				w.Forgive()
				w.WantDifferences()
				w.WantIDs("shelves", "shelves:s,1")
			})
		})
	}
}

// TestVerify_storageClasses: SQLite may keep what stands in a key as values of
// several types. Each makes its row's key, and each key is met once.
func TestVerify_storageClasses(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		dsn := world.NewDSN(t, "sqlite")
		if err := world.OpenDSN(t, "sqlite", dsn, nil).Exec("CREATE TABLE mixeds (id integer PRIMARY KEY, code, num, lit, created_at)").Error; err != nil {
			t.Fatal(err)
		}
		w := world.NewBy(t, by, world.Setup{Dialect: "sqlite", DSN: dsn, Models: []any{}, Tracked: []any{&Mixed{}}})
		forms := []struct{ code, num, lit string }{
			{"'a'", "5", "1"},
			{"x'61'", "'5'", "'t'"},
			{"12", "x'35'", "x'74'"},
			{"'12'", "5.0", "'True'"},
			{"x'3132'", "-7", "0"},
			{"'b'", "'-7'", "x'46'"},
			{"x'63'", "8.0", "0.0"},
			{"13", "x'39'", "1.0"},
			{"'A'", "5", "false"},
			{"x''", "5", "1"},
		}
		for i, form := range forms {
			strangely(w, fmt.Sprintf("INSERT INTO mixeds (id, code, num, lit, created_at) VALUES (%d, %s, %s, %s, '2026-01-01 00:00:0%d')", i+1, form.code, form.num, form.lit, i))
		}
		noticed(w, by, &Mixed{})
		if n := w.Dead(); n > 0 {
			t.Errorf("dead letters: %+v", w.DeadLetters())
		}
		w.WantDifferences()
		keys := map[string][]int{
			"code:a": {2, 1}, "code:12": {5, 4, 3}, "code:b": {6}, "code:c": {7}, "code:13": {8}, "code:A": {9}, "code:": {10},
			"num:5": {10, 9, 4, 3, 2, 1}, "num:-7": {6, 5}, "num:8": {7}, "num:9": {8}, "lit:true": {10, 8, 4, 3, 2, 1}, "lit:false": {9, 7, 6, 5},
		}
		removed := 0
		for key, ids := range keys {
			var want []string
			for _, id := range ids {
				want = append(want, fmt.Sprint("mixeds:", id))
			}
			w.WantIDs(key, want...)
			for _, id := range want {
				w.Apply(key, timak.Remove(id))
				removed++
			}
		}
		_, report := w.Verify(timakgorm.VerifyOptions{})
		if report.Missing != removed || report.Found() != removed || report.Keys != len(keys)+8 {
			t.Errorf("got %+v, want %d missing of %d keys", report, removed, len(keys)+8)
		}
		report, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
		if w.Must(err); !report.Clean() {
			t.Errorf("Rebuild: got %+v", report)
		}
		w.WantDifferences()
	})
}

// Mixed has columns in which SQLite keeps each value as it is given.
type Mixed struct {
	ID        uint
	Code      string
	Num       int64
	Lit       bool
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=code:{Code}"`
	_ timakgorm.Timeline `timak:"key=num:{Num}"`
	_ timakgorm.Timeline `timak:"key=lit:{Lit}"`
	_ timakgorm.Timeline `timak:"key=both:{Lit}:{Code}:{Num}"`
}
