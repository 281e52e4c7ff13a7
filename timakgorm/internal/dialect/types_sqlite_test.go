package dialect_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Loose has a column of every kind that SQLite knows, each of which may hold
// anything.
type Loose struct {
	ID    uint
	Made  time.Time
	Num   *int64
	Real  *float64
	Dec   *string `gorm:"type:numeric(10,2)"`
	Text  *string
	Truth *bool
	Day   *time.Time
	Bytes *[]byte
	Meta  *string `gorm:"type:json"`
	UUID  *string `gorm:"type:uuid"`
	List  *string `gorm:"type:text[]"`
	Any   *string `gorm:"type:any"` // the affinity of numeric
}

// looseKinds are the kinds of Loose's columns.
var looseKinds = map[string]string{
	"num": "number", "real": "float", "dec": "decimal", "text": "text", "truth": "bool", "day": "time", "bytes": "bytes",
	"meta": "text", "uuid": "text", "list": "text", "any": "text",
}

// looseValues are values at the edges of every storage class.
var looseValues = []string{
	"NULL", "''", "x''", "0", "1", "-9223372036854775808", "9223372036854775807", "1.5", "-0.0", "5e-324", "1.7976931348623157e308", "9e999", "-9e999",
	"'abc'", "'Ž 🙂'", `'it''s "q" \ ' || char(9)`, "'2'", "'1.5'", "x'32'", "x'312e35'", "x'616263'", "x'ff00fe'", "x'610062'", "'a' || char(0) || 'b'",
	"'true'", "x'74727565'", "'F'", "'2026-01-02 03:04:05+01:00'", "x'323032362d30312d30322030333a30343a30352b30313a3030'", "'2026-01-02'", "'infinity'",
}

// looseTimes are the texts among them that are times, and how data shows them.
var looseTimes = map[string]string{
	"2026-01-02 03:04:05+01:00": `"2026-01-02T02:04:05Z"`,
	"2026-01-02":                `"2026-01-02T00:00:00Z"`,
}

// wantLoose is how data shows a value of a column, by its storage class and its
// bytes as a text.
func wantLoose(kind, class, text string) string {
	switch {
	case class == "null":
		return "null"
	case kind == "bytes":
		return `"` + hex.EncodeToString([]byte(text)) + `"`
	}
	number, err := strconv.ParseFloat(text, 64)
	isNumber := err == nil && json.Valid([]byte(text))
	switch truth, err := strconv.ParseBool(text); {
	case kind == "bool" && err == nil:
		return strconv.FormatBool(truth)
	case kind == "time" && looseTimes[text] != "":
		return looseTimes[text]
	case class == "real" && text == "Inf":
		return map[bool]string{true: `"Infinity"`, false: "9.0e+999"}[kind == "float" || kind == "decimal"]
	case class == "real" && text == "-Inf":
		return map[bool]string{true: `"-Infinity"`, false: "-9.0e+999"}[kind == "float" || kind == "decimal"]
	case kind == "float" && isNumber, kind == "decimal" && isNumber && len(text) < 15:
		return marshalled(number)
	case class == "integer", class == "real", isNumber && (kind == "number" || kind == "decimal"):
		return text
	default:
		return marshalled(strings.ToValidUTF8(text, "\ufffd"))
	}
}

func marshalled(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n")
}

// TestTypes_loose: whatever SQLite keeps in whatever column shows, NULL and
// nothing told apart, by whatever statement it came.
func TestTypes_loose(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		rule := timakgorm.Track[Loose](timakgorm.Rule{Key: "loose", Date: "Made", Data: fieldsOf[Loose]("ID", "Made")})
		w := world.NewBy(t, by, world.Setup{Dialect: "sqlite", Models: []any{&Loose{}}, Tracked: []any{rule}})
		values := func(i int) map[string]any {
			row := map[string]any{}
			n := 0
			for _, column := range fieldsOf[Loose]("ID", "Made") {
				row[strings.ToLower(column)] = gorm.Expr(looseValues[(i+7*n)%len(looseValues)])
				n++
			}
			return row
		}
		each := func(write func(id, i int) error) {
			for i := range looseValues {
				w.Must(write(i+1, i))
			}
			wantLooseRows(w, len(looseValues))
		}
		each(func(id, i int) error {
			row := values(i)
			row["id"], row["made"] = id, world.At(-i)
			return w.DB.Model(&Loose{}).Create(row).Error
		})
		each(func(id, i int) error { return w.DB.Model(&Loose{ID: uint(id)}).Updates(values(i + 1)).Error })
		each(func(id, i int) error {
			row := values(i + 2)
			row["id"], row["made"] = id, world.At(-i)
			return w.DB.Model(&Loose{}).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, UpdateAll: true}).Create(row).Error
		})
		each(func(id, i int) error {
			var set []string
			for name, value := range values(i + 3) {
				set = append(set, "`"+name+"` = "+value.(clause.Expr).SQL)
			}
			return timakgorm.Exec(w.DB, timakgorm.Rows(&Loose{ID: uint(id)}), fmt.Sprintf("UPDATE looses SET %s WHERE id = %d", strings.Join(set, ", "), id))
		})
		w.WantDifferences()
		w.Must(w.DB.Where("id > 0").Delete(&Loose{}).Error)
		w.WantIDs("loose")
		w.WantDifferences()
	})
}

// wantLooseRows drains and compares the data of all rows with what the table holds.
func wantLooseRows(w *world.World, rows int) {
	w.Helper()
	w.Drain()
	if n := w.Dead(); n > 0 {
		letters, _ := w.Plugin.DeadLetters(w.Context(), timakgorm.DeadLetterQuery{})
		w.Fatalf("%d dead letters: %s", n, letters[0].Error)
	}
	timeline, err := w.Timelines.Get(w.Context(), "loose")
	w.Must(err)
	if got := len(timeline.Items()); got != rows {
		w.Fatalf("got %d items, want %d", got, rows)
	}
	for _, item := range timeline.Items() {
		var data map[string]json.RawMessage
		w.Must(json.Unmarshal(item.Data, &data))
		for column, kind := range looseKinds {
			var class string
			var stored *string
			w.Must(w.DB.Raw("SELECT typeof("+column+"), hex(CAST("+column+" AS blob)) FROM looses WHERE id = ?", strings.TrimPrefix(item.ID, "looses:")).Row().Scan(&class, &stored))
			text, err := hex.DecodeString(*stored)
			w.Must(err)
			if got, want := string(data[column]), wantLoose(kind, class, string(text)); got != want {
				w.Errorf("%s of %s, a %s of %q: got %s, want %s", column, item.ID, class, text, got, want)
			}
		}
	}
}

// Stall has a column of each kind in each part that a rule gives one.
type Stall struct {
	ID     string
	HallID int64
	Row    string
	Made   time.Time
	Rank   int64
	Free   bool

	_ timakgorm.Timeline `timak:"key=hall:{HallID}; date=Made; id=seat:{ID}:{HallID}; source={Row}"`
	_ timakgorm.Timeline `timak:"key=row:{Row}; date=Rank; when=Free; data=HallID,Made,Free"`
}

// TestTypes_bytesInRoles: a value that SQLite keeps as bytes counts as its text,
// in every part that a rule gives a column, by every way to write it.
func TestTypes_bytesInRoles(t *testing.T) {
	t.Parallel()
	bytes := map[string]any{"hall_id": []byte("2"), "row": []byte("b"), "made": []byte("2026-01-01 00:05:00+00:00"), "rank": []byte("7"), "free": []byte("1")}
	withID := map[string]any{"id": "x"}
	maps.Copy(withID, bytes)
	ways := map[string]func(db *gorm.DB) error{
		"updates": func(db *gorm.DB) error { return db.Model(&Stall{ID: "x"}).Updates(bytes).Error },
		"create": func(db *gorm.DB) error {
			if err := db.Delete(&Stall{ID: "x"}).Error; err != nil {
				return err
			}
			return db.Model(&Stall{}).Create(withID).Error
		},
		"upsert": func(db *gorm.DB) error {
			return db.Model(&Stall{}).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, UpdateAll: true}).Create(withID).Error
		},
		"replace": func(db *gorm.DB) error {
			return db.Model(&Stall{}).Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(withID).Error
		},
		"raw": func(db *gorm.DB) error {
			return timakgorm.Exec(db, timakgorm.Rows(&Stall{ID: "x"}), "UPDATE stalls SET hall_id = x'32', row = x'62', made = ?, rank = x'37', free = x'31'", bytes["made"])
		},
	}
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		for name, write := range ways {
			w := world.NewBy(t, by, world.Setup{Dialect: "sqlite", Models: []any{&Stall{}}, Tracked: []any{&Stall{}}})
			w.Must(w.DB.Create(&Stall{ID: "x", HallID: 1, Row: "a", Made: world.At(1)}).Error)
			w.WantIDs("hall:1", "seat:x:1")
			if err := write(w.DB); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			w.WantIDs("hall:1")
			w.WantDates("hall:2", "seat:x:2 2026-01-01T00:05:00Z")
			w.WantIDs("row:a")
			w.WantDates("row:b", "stalls:x 1970-01-01T00:00:00.000007Z")
			w.WantData("row:b", `{"hall_id":2,"made":"2026-01-01T00:05:00Z","free":true}`)
			w.Must(w.DB.Model(&Stall{ID: "x"}).Updates(map[string]any{"hall_id": 3, "row": "c"}).Error)
			w.WantIDs("hall:2")
			w.WantIDs("hall:3", "seat:x:3")
			w.Must(w.DB.Delete(&Stall{ID: "x"}).Error)
			w.WantIDs("hall:3")
			w.WantDifferences()
		}
	})
}

// TestTypes_bytesInKey: a primary key of bytes would find no row again; the write
// is refused with what to write instead.
func TestTypes_bytesInKey(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := world.NewBy(t, by, world.Setup{Dialect: "sqlite", Models: []any{&Stall{}}, Tracked: []any{&Stall{}}})
		w.Must(w.DB.Create(&Stall{ID: "x", HallID: 1, Row: "a", Made: world.At(1)}).Error)
		for name, write := range map[string]func() error{
			"create": func() error {
				return w.DB.Model(&Stall{}).Create(map[string]any{"id": []byte("y"), "hall_id": 1, "row": "a", "made": world.At(2)}).Error
			},
			"update": func() error { return w.DB.Model(&Stall{}).Where("id = 'x'").Update("id", []byte("y")).Error },
			"raw": func() error {
				return timakgorm.Exec(w.DB, timakgorm.Rows(&Stall{}, "1 = 1"), "UPDATE stalls SET id = x'79'")
			},
			"bytes that are SQLite's own JSON": func() error { return w.DB.Model(&Stall{}).Where("id = 'x'").Update("id", []byte{0x13, '1'}).Error },
		} {
			if err := write(); err == nil || !strings.Contains(err.Error(), "a row's primary key is bytes, by which it cannot be found again: write the key as text") {
				t.Errorf("%s: got %v, want it refused", name, err)
			}
		}
		if err := w.DB.Exec("CREATE TABLE others AS SELECT json_array(x'79')").Error; err == nil || strings.Contains(err.Error(), "timakgorm") {
			t.Errorf("a table that is not tracked: got %v, want SQLite's own error", err)
		}
		w.WantIDs("hall:1", "seat:x:1")
		w.WantDifferences()
	})
}
