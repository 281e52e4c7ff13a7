package audit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Oddity has a column for each role that a rule gives one.
type Oddity struct {
	ID     uint
	Wing   int64
	Seats  *uint8
	Code   string
	Lit    bool
	Name   string
	Room   int32
	Opened time.Time
	Score  *int64
	Shown  bool
	Made   *time.Time

	_ timakgorm.Timeline `timak:"key=wing:{Wing}; date=Opened"`
	_ timakgorm.Timeline `timak:"key=seats:{Seats}; date=Opened"`
	_ timakgorm.Timeline `timak:"key=code:{Code}; date=Opened"`
	_ timakgorm.Timeline `timak:"key=lit:{Lit}; date=Opened"`
	_ timakgorm.Timeline `timak:"key=named; id=odd:{Name}; source=by:{Room}; date=Opened"`
	_ timakgorm.Timeline `timak:"key=scores; date=Score; when=Shown; data=Made,Lit"`
}

// oddColumns are what a row is made of, and the values of one that is as any
// other.
var oddColumns = []struct{ name, plain string }{
	{"wing", "1"},
	{"seats", "2"},
	{"code", "'c'"},
	{"lit", "true"},
	{"name", "'mended'"},
	{"room", "3"},
	{"opened", "'2026-01-02 03:04:05+00:00'"},
	{"score", "4"},
	{"shown", "true"},
	{"made", "'2026-01-02 03:04:05+00:00'"},
}

// oddInsert makes a row that has one value of another kind.
func oddInsert(id int, column, value string) string {
	names, values := []string{"id"}, []string{fmt.Sprint(id)}
	for _, c := range oddColumns {
		names = append(names, c.name)
		switch c.name {
		case column:
			values = append(values, value)
		case "name": // the item's id
			values = append(values, fmt.Sprintf("'n%d'", id))
		default:
			values = append(values, c.plain)
		}
	}
	return "INSERT INTO oddities (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
}

// oddity is a value that a column holds and no rule can read. want are the
// timelines that lack the row, "" for one that cannot be named, with the reason.
type oddity struct {
	dialect, before, column, value string
	reason                         string
	keys                           []string
}

var (
	noKey     = []string{""}
	dated     = []string{"code:c", "lit:true", "named", "seats:2", "wing:1"}
	ofScores  = []string{"scores"}
	ofNames   = []string{"named"}
	numeric   = "ALTER TABLE oddities ALTER COLUMN wing TYPE numeric"
	notInt64  = "expected an integer from -9223372036854775808 to 9223372036854775807"
	anyScore  = `: expected an integer from -9223372036854775808 to 9223372036854775807`
	notAUint8 = "expected an integer from 0 to 255"
)

var oddities = []oddity{
	{"sqlite", "", "wing", "1.5", `column "wing" is 1.5: ` + notInt64, noKey},
	{"sqlite", "", "wing", "'oak'", `column "wing" is "oak": ` + notInt64, noKey},
	{"sqlite", "", "wing", "''", `column "wing" is "": ` + notInt64, noKey},
	{"sqlite", "", "wing", "9.3e18", `column "wing" is 9.3e+18: ` + notInt64, noKey},
	{"sqlite", "", "wing", "-9.3e18", `column "wing" is -9.3e+18: ` + notInt64, noKey},
	{"sqlite", "", "wing", "9e999", `column "wing" is 9.0e+999: ` + notInt64, noKey},
	{"sqlite", "", "wing", "x'6f616b'", `column "wing" is "oak": ` + notInt64, noKey},
	{"sqlite", "", "wing", "x'ff'", `column "wing" is "` + "\uFFFD" + `": ` + notInt64, noKey},
	{"sqlite", "", "wing", "printf('%.*c', 100000, 'x')", `column "wing" is "` + strings.Repeat("x", 63) + "…: " + notInt64, noKey},
	{"sqlite", "", "seats", "-1", `column "seats" is -1: ` + notAUint8, noKey},
	{"sqlite", "", "seats", "256", `column "seats" is 256: ` + notAUint8, noKey},
	{"sqlite", "", "code", "CAST(x'ff' AS text)", `column "code" is not valid UTF-8`, noKey},
	{"sqlite", "", "code", "x'61ff'", `column "code" is not valid UTF-8`, noKey},
	{"sqlite", "", "lit", "'maybe'", `column "lit" is "maybe": expected a bool`, noKey},
	{"sqlite", "", "lit", "2", `column "lit" is 2: expected a bool`, noKey},
	{"sqlite", "", "lit", "x'00'", `column "lit" is "\u0000": expected a bool`, noKey},
	{"sqlite", "", "name", "CAST(x'ff' AS text)", `column "name" is not valid UTF-8`, ofNames},
	{"sqlite", "", "room", "'attic'", `column "room" is "attic": expected an integer from -2147483648 to 2147483647`, ofNames},
	{"sqlite", "", "opened", "'soon'", `column "opened" is "soon": expected a date`, dated},
	{"sqlite", "", "opened", "1767323045", `column "opened" is "1767323045": expected a date`, dated},
	{"sqlite", "", "opened", "x'ff'", `column "opened" is not valid UTF-8`, dated},
	{"sqlite", "", "opened", "''", `column "opened" is "": expected a date`, dated},
	{"sqlite", "", "opened", "'300000-01-01'", `column "opened" is "300000-01-01": expected a date that an int64 of microseconds since 1970 holds, from 290309 BC to 294247`, dated},
	{"", "", "opened", "NULL", `column "opened" is NULL: an item needs a date while its condition is true`, dated},
	{"", "", "score", "NULL", `column "score" is NULL: an item needs a date while its condition is true`, ofScores},
	{"sqlite", "", "score", "4.5", `column "score" is 4.5` + anyScore, ofScores},
	{"sqlite", "", "score", "'high'", `column "score" is "high"` + anyScore, ofScores},
	{"sqlite", "", "shown", "'perhaps'", `column "shown" is "perhaps": expected a bool`, ofScores},
	{"sqlite", "", "shown", "2", `column "shown" is 2: expected a bool`, ofScores},

	{"postgres", "", "seats", "-1", `column "seats" is -1: ` + notAUint8, noKey},
	{"postgres", "", "seats", "256", `column "seats" is 256: ` + notAUint8, noKey},
	{"postgres", numeric, "wing", "1.5", `column "wing" is 1.5: ` + notInt64, noKey},
	{"postgres", numeric, "wing", "'NaN'", `column "wing" is "NaN": ` + notInt64, noKey},
	{"postgres", numeric, "wing", "1e30", `column "wing" is 1000000000000000000000000000000: ` + notInt64, noKey},
	{"postgres", "ALTER TABLE oddities ALTER COLUMN wing TYPE float8", "wing", "'-Infinity'", `column "wing" is "-Infinity": ` + notInt64, noKey},
	{"postgres", "", "opened", "'infinity'", `column "opened" is "infinity": expected a date`, dated},
	{"postgres", "", "opened", "'-infinity'", `column "opened" is "-infinity": expected a date`, dated},
	{"postgres", "", "opened", "'294276-12-31'", `column "opened" is "294276-12-31T00:00:00+00:00": expected a date that an int64 of microseconds since 1970 holds, from 290309 BC to 294247`, dated},
}

func oddWorld(t *testing.T, dialect string, by timakgorm.Capture) *world.World {
	t.Helper()
	models := []any{&Oddity{}, &Wave{}}
	w := world.NewBy(t, by, world.Setup{Dialect: dialect, Models: models, Tracked: models})
	w.Must(w.DB.Create(&Wave{ID: 1, Person: "Ann", CreatedAt: world.At(1)}).Error)
	return w
}

// strangely runs SQL that the plugin does not see.
func strangely(w *world.World, statements ...string) {
	w.Helper()
	db := w.Stranger()
	for _, statement := range statements {
		if _, err := db.ExecContext(w.Context(), statement); err != nil {
			w.Fatalf("%s: %v", statement, err)
		}
	}
	w.Must(db.Close())
}

// noticed has rows that a stranger wrote recorded, and delivered.
func noticed(w *world.World, by timakgorm.Capture, model any) {
	w.Helper()
	if by == timakgorm.Callbacks {
		w.Must(timakgorm.Touch(w.DB, model, "1 = 1"))
	}
	w.Drain()
}

// TestUnplaceable: a row that no rule can read is reported, with the reason that
// its dead letter has, whether there is a dead letter or not, until it is mended;
// and what else differs is found and mended as ever.
func TestUnplaceable(t *testing.T) {
	t.Parallel()
	for _, odd := range oddities {
		t.Run(odd.column+" "+odd.value[:min(len(odd.value), 20)], func(t *testing.T) {
			t.Parallel()
			world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
				if odd.dialect != "" && odd.dialect != dialect {
					return
				}
				odd.check(t, oddWorld(t, dialect, by), by)
			})
		})
	}
}

func (o oddity) check(t *testing.T, w *world.World, by timakgorm.Capture) {
	if o.before != "" {
		strangely(w, o.before)
	}
	strangely(w, oddInsert(1, "", ""), oddInsert(2, o.column, o.value), oddInsert(3, "", ""))
	w.Drain()
	w.Forgive()
	w.Apply("person:Ann:all", timak.Remove("waves:1"))
	var want []string
	for _, key := range o.keys {
		want = append(want, strings.TrimPrefix(key+": oddities [2] unplaceable: ", ": ")+o.reason)
	}
	if by == timakgorm.Callbacks { // which saw none of the rows
		report, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
		if w.Must(err); report.Remaining != len(want) || report.Clean() {
			t.Errorf("Rebuild: got %d remaining of %q, want %d", report.Remaining, world.LinesOf(report), len(want))
		}
	} else {
		w.WantDifferences(append(slices.Clone(want), "person:Ann:all: waves:1 missing")...)
		remains(w, len(want))
	}
	w.Forgive()
	w.WantDifferences(want...)
	noticed(w, by, &Oddity{})
	for _, letter := range w.DeadLetters() {
		if letter.Error != o.reason {
			t.Errorf("the dead letter says %q, Verify %q", letter.Error, o.reason)
		}
	}
	if dead := w.Dead(); by == timakgorm.Callbacks && dead != 1 {
		t.Errorf("%d dead letters, want one", dead)
	}
	w.WantDifferences(want...)
	w.Forgive()
	strangely(w, "UPDATE oddities SET "+o.column+" = "+o.plain()+" WHERE id = 2")
	noticed(w, by, &Oddity{})
	w.WantDifferences()
	w.WantIDs("wing:1", "oddities:3", "oddities:2", "oddities:1")
}

// plain returns what the column would hold if it were not odd.
func (o oddity) plain() string {
	for _, c := range oddColumns {
		if c.name == o.column {
			return c.plain
		}
	}
	panic(o.column)
}

// Limited has a column for each thing that the engine limits.
type Limited struct {
	ID        uint
	Name      string
	Code      string
	Reason    string
	Text      string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key={Name}"`
	_ timakgorm.Timeline `timak:"key=all; id={Code}; source={Reason}; data=Text"`
}

// TestUnplaceable_limits: what is over a limit of the engine's is unplaceable as
// well, and is neither missing nor tried again.
func TestUnplaceable_limits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 513)
	plain := Limited{ID: 2, Name: "n", Code: "c2", Reason: "r", Text: "t", CreatedAt: world.At(2)}
	for name, c := range map[string]struct {
		column, value, line string
		reason              error
	}{
		"key":          {"name", long, long + ": limiteds [2] unplaceable: ", timak.ErrKey},
		"an empty key": {"name", "", "limiteds [2] unplaceable: ", timak.ErrKey},
		"id":           {"code", long, "all: limiteds [2] unplaceable: ", timak.ErrID},
		"an empty id":  {"code", "", "all: limiteds [2] unplaceable: ", timak.ErrID},
		"source":       {"reason", long, "all: limiteds [2] unplaceable: ", timak.ErrSource},
		"data":         {"text", long, "all: limiteds [2] unplaceable: ", timak.ErrData},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
				w := world.NewBy(t, by, world.Setup{
					Dialect: dialect, Engine: &timak.Options{MaxData: 100}, Models: []any{&Limited{}}, Tracked: []any{&Limited{}},
				})
				w.Must(w.DB.Create(&[]Limited{{ID: 1, Name: "n", Code: "c1", CreatedAt: world.At(1)}, plain, {ID: 3, Name: "n", Code: "c3", CreatedAt: world.At(3)}}).Error)
				w.Drain()
				w.Must(w.DB.Model(&Limited{ID: 2}).Update(c.column, c.value).Error)
				w.Drain()
				letters := w.DeadLetters()
				if len(letters) != 1 {
					t.Fatalf("dead letters: got %+v, want one", letters)
				}
				line := c.line + letters[0].Error
				w.WantDifferences(line)
				if got := remains(w, 1); got != line || !strings.Contains(got, c.reason.Error()) {
					t.Errorf("Rebuild: got %q, want %q", got, line)
				}
				if n := w.Dead(); n != 1 {
					t.Errorf("%d dead letters after Rebuild, want the one from before", n)
				}
				w.Forgive()
				w.WantDifferences(line)
				mended := plain // which Save writes into
				w.Must(w.DB.Save(&mended).Error)
				w.Drain()
				w.WantDifferences()
				w.WantIDs("all", "c3", "c2", "c1")
				w.WantIDs("n", "limiteds:3", "limiteds:2", "limiteds:1")
			})
		})
	}
}

// TestUnplaceable_takesNoPlace: where rows are on no timeline, those that follow
// have room, and are missing if they are not there.
func TestUnplaceable_takesNoPlace(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{
			Dialect: dialect, Engine: &timak.Options{MaxData: 100, MaxItems: 3}, Models: []any{&Limited{}}, Tracked: []any{&Limited{}},
		})
		long := strings.Repeat("x", 200)
		for n := range 10 {
			row := Limited{ID: uint(n + 1), Name: "n", Code: fmt.Sprint("c", n+1), Text: long, CreatedAt: world.At(n)}
			if n < 5 {
				row.Text = "short"
			}
			w.Must(w.DB.Create(&row).Error)
		}
		w.Drain()
		w.WantIDs("all", "c5", "c4", "c3")
		w.Apply("all", timak.Remove("c3"))
		_, report := w.Verify(timakgorm.VerifyOptions{Limit: 2})
		if report.Unplaceable != 5 || report.Missing != 1 || report.Remaining != 6 || len(report.Differences) != 2 {
			t.Errorf("got %+v, want 5 unplaceable and one missing, of which 2 are listed", report)
		}
		report, err := w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{Limit: -1})
		if w.Must(err); report.Unplaceable != 5 || report.Missing != 1 || report.Remaining != 5 || len(report.Differences) > 0 || report.Clean() {
			t.Errorf("Rebuild: got %+v, want 5 unplaceable that remain", report)
		}
		w.WantIDs("all", "c5", "c4", "c3")
	})
}

// TestUnplaceable_wantedByNone: a row that no rule wants is on no timeline by
// rule, whatever else it holds, and that is clean.
func TestUnplaceable_wantedByNone(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		models := []any{&Noted{}}
		w := world.NewBy(t, by, world.Setup{Dialect: dialect, Models: models, Tracked: models})
		strangely(w, "INSERT INTO noteds (id, desk, shown, opened, deleted_at) VALUES "+
			"(1, 300, false, NULL, NULL), (2, 5, false, NULL, NULL), (3, NULL, true, NULL, NULL), "+
			"(4, 300, true, NULL, '2026-01-01'), (5, 5, true, NULL, '2026-01-01'), (6, 300, NULL, NULL, NULL)")
		noticed(w, by, &Noted{})
		if n := w.Dead(); n > 0 {
			t.Errorf("dead letters: %+v", w.DeadLetters())
		}
		w.WantDifferences()
		strangely(w, "UPDATE noteds SET deleted_at = NULL, shown = true")
		noticed(w, by, &Noted{})
		no, date := "column \"desk\" is 300: expected an integer from -128 to 127", "column \"opened\" is NULL"
		want := []string{
			"noteds [1] unplaceable: " + no, "noteds [4] unplaceable: " + no, "noteds [6] unplaceable: " + no,
			"desk:5: noteds [2] unplaceable: " + date, "desk:5: noteds [5] unplaceable: " + date,
		}
		w.WantDifferences(want...)
		if n := w.Dead(); n != int64(len(want)) {
			t.Errorf("%d dead letters, want %d", n, len(want))
		}
	})
}

// Noted is on a timeline while it is shown.
type Noted struct {
	ID        uint
	Desk      *int8
	Shown     bool
	Opened    *time.Time
	DeletedAt gorm.DeletedAt

	_ timakgorm.Timeline `timak:"key=desk:{Desk}; date=Opened; when=Shown"`
}
