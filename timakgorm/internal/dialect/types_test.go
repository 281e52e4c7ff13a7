package dialect_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// oddSettings change how a session of Postgres reads and writes values.
var oddSettings = [][2]string{
	{"DateStyle", "SQL, DMY"},
	{"IntervalStyle", "iso_8601"},
	{"TimeZone", "Asia/Kathmandu"},
	{"bytea_output", "escape"},
	{"extra_float_digits", "-15"},
	{"quote_all_identifiers", "on"},
	{"standard_conforming_strings", "off"},
	{"search_path", "pg_catalog, public, pg_temp"},
}

// inOddSession runs a function in a transaction of a session whose settings are
// odd.
func inOddSession(w *world.World, run func(tx *gorm.DB) error) {
	w.Helper()
	w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
		for _, setting := range oddSettings {
			if err := tx.Exec("SELECT set_config(?, ?, true)", setting[0], setting[1]).Error; err != nil {
				return err
			}
		}
		return run(tx)
	}))
}

// oddDSN names the same database, for sessions whose settings are odd.
func oddDSN(dsn string) string {
	options := "-c xmloption=document"
	for _, setting := range oddSettings {
		options += " -c " + setting[0] + "=" + strings.ReplaceAll(setting[1], " ", "")
	}
	return dsn + " options='" + options + "'"
}

// typedColumn is a column of a type, and values for it.
type typedColumn struct {
	name   string
	values []typedValue
}

// typedValue is SQL that makes a value, and how data shows it.
type typedValue struct {
	sql  string
	args []any
	want string
}

func (v typedValue) expr() any { return gorm.Expr(v.sql, v.args...) }

var nullValue = typedValue{"NULL", nil, "null"}

// value is the value i of a column, which come round.
func (c typedColumn) value(i int) typedValue { return c.values[i%len(c.values)] }

// typedColumns are those of a type and of its arrays, with all edges. The type is
// as SQL names it.
func (t pgType) typedColumns(sqlName string) []typedColumn {
	single := typedColumn{"v_" + t.name, nil}
	all := typedValue{want: "["}
	for _, edge := range t.edges {
		v := typedValue{"CAST(? AS text)::" + sqlName, []any{edge.literal}, edge.want}
		single.values = append(single.values, v)
		all = all.with(v, ",").with(nullValue, ",")
	}
	single.values = append(single.values, nullValue)
	first, last := single.values[0], single.values[len(t.edges)-1]
	row := func(of ...typedValue) (v typedValue) {
		v.want = "["
		for _, one := range of {
			v = v.with(one, ",")
		}
		return v.closed()
	}
	nested := row(row(first, nullValue), row(nullValue, last))
	arrays := typedColumn{"a_" + t.name, []typedValue{all.closed(), nested, {"'{}'", nil, "[]"}, nullValue, row(nullValue)}}
	for i := range arrays.values {
		arrays.values[i].sql = "(" + arrays.values[i].sql + ")::" + sqlName + "[]"
	}
	return []typedColumn{single, arrays}
}

// with adds an element to an array that is not closed yet.
func (v typedValue) with(element typedValue, separator string) typedValue {
	if v.sql != "" {
		v.sql, v.want = v.sql+separator, v.want+separator
	}
	return typedValue{v.sql + element.sql, append(slices.Clip(v.args), element.args...), v.want + element.want}
}

func (v typedValue) closed() typedValue {
	return typedValue{"ARRAY[" + v.sql + "]", v.args, v.want + "]"}
}

// sqlTypes are the names that SQL has for those of pg_type, where they differ.
var sqlTypes = map[string]string{"char": `"char"`, "bit": "bit(3)", "varchar": "varchar(8)"}

func sqlType(name string) string {
	if stated := sqlTypes[name]; stated != "" {
		return stated
	}
	return name
}

// allTypedColumns are those of Typed.
func allTypedColumns() []typedColumn {
	var columns []typedColumn
	for _, t := range pgTypes {
		columns = append(columns, t.typedColumns(sqlType(t.name))...)
	}
	for _, t := range pgUserTypes {
		columns = append(columns, t.typedColumns(t.name)...)
	}
	return columns
}

// withPgTypes makes the types of users in a new database.
func withPgTypes(t *testing.T) (dsn string) {
	t.Helper()
	dsn = world.NewDSN(t, "postgres")
	db := world.OpenDSN(t, "postgres", dsn, nil)
	for _, user := range pgUserTypes {
		if err := db.Exec(user.make).Error; err != nil {
			t.Fatal(err)
		}
	}
	return dsn
}

var typedType = reflect.TypeFor[Typed]()

// fieldsOf returns the names of a struct's fields but for some.
func fieldsOf[T any](without ...string) []string {
	var names []string
	for field := range reflect.TypeFor[T]().Fields() {
		if !strings.Contains(" "+strings.Join(without, " ")+" ", " "+field.Name+" ") {
			names = append(names, field.Name)
		}
	}
	return names
}

// TestTypes_data: every value of every type of Postgres, and of its arrays, shows
// the same, whoever wrote it and by which session.
func TestTypes_data(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		rule := timakgorm.Track[Typed](timakgorm.Rule{Key: "typed", Date: "Made", Data: fieldsOf[Typed]("ID", "Made")})
		w := world.NewBy(t, by, world.Setup{
			Dialect: "postgres", DSN: withPgTypes(t), Models: []any{&Typed{}}, Tracked: []any{rule}, Engine: &timak.Options{MaxData: 16 << 20},
		})
		columns := allTypedColumns()
		const rows = 11 // more than any type has edges
		inOddSession(w, func(tx *gorm.DB) error { return writeTyped(tx, columns, rows, 0) })
		wantTyped(w, "typed", columns, rows, 0)
		w.Must(writeTyped(w.DB, columns, rows, 1))
		wantTyped(w, "typed", columns, rows, 1)
		inOddSession(w, func(tx *gorm.DB) error { return writeTyped(tx, columns, rows, 2) })
		wantTyped(w, "typed", columns, rows, 2)
		w.WantDifferences()
		odd := oddly(w, by, rule)
		odd.WantDifferences()
		w.Must(odd.DB.Model(&Typed{}).Where("id > 3").Update("made", world.At(7)).Error)
		w.Must(odd.DB.Where("id < 5").Delete(&Typed{}).Error)
		w.Drain()
		w.WantDifferences()
		w.Must(w.DB.Where("id > 0").Delete(&Typed{}).Error)
		w.WantIDs("typed")
		w.WantDifferences()
	})
}

// writeTyped makes rows of Typed, or gives them other values.
func writeTyped(tx *gorm.DB, columns []typedColumn, rows, shift int) error {
	for i := range rows {
		values := map[string]any{}
		for _, column := range columns {
			values[column.name] = column.value(i + shift).expr()
		}
		var err error
		if shift == 0 {
			values["id"], values["made"] = i+1, world.At(-i)
			err = tx.Model(&Typed{}).Create(values).Error
		} else {
			err = tx.Model(&Typed{ID: uint(i + 1)}).Updates(values).Error
		}
		if err != nil {
			return fmt.Errorf("row %d, written time %d: %w", i+1, shift+1, err)
		}
	}
	return nil
}

// oddly opens the same database and timelines once more, by sessions whose
// settings are odd.
func oddly(w *world.World, by timakgorm.Capture, tracked ...any) *world.World {
	w.Helper()
	odd := &world.World{TB: w.TB, Dialect: w.Dialect, DSN: w.DSN, Timelines: w.Timelines}
	return onto(odd, world.OpenDSN(w.TB, w.Dialect, oddDSN(w.DSN), nil), by, tracked...)
}

// onto returns a world of a database that has timak's tables and those of models.
func onto(w *world.World, db *gorm.DB, by timakgorm.Capture, tracked ...any) *world.World {
	w.Helper()
	on := &world.World{TB: w.TB, Dialect: w.Dialect, DSN: w.DSN, Timelines: w.Timelines, DB: db}
	if on.Timelines == nil {
		on.Timelines = timak.New(memstore.New(), &timak.Options{MaxData: 16 << 20})
	}
	plugin, err := timakgorm.New(on.Timelines, &timakgorm.Options{Capture: by, Logger: slog.New(slog.DiscardHandler)})
	w.Must(err)
	w.Must(plugin.Register(tracked...))
	w.Must(db.Use(plugin))
	if by == timakgorm.Triggers {
		w.Must(plugin.InstallTriggers(w.Context(), db))
	}
	on.Plugin = plugin
	return on
}

// wantTyped drains and compares the data of rows that were written with a shift.
func wantTyped(w *world.World, key string, columns []typedColumn, rows, shift int) {
	w.Helper()
	w.Drain()
	letters, err := w.Plugin.DeadLetters(w.Context(), timakgorm.DeadLetterQuery{})
	w.Must(err)
	for _, letter := range letters {
		w.Errorf("dead letter: %.300s", letter.Error)
	}
	timeline, err := w.Timelines.Get(w.Context(), key)
	w.Must(err)
	if got := len(timeline.Items()); got != rows {
		w.Fatalf("timeline %q: got %d items, want %d", key, got, rows)
	}
	for i, item := range timeline.Items() {
		var data map[string]json.RawMessage
		w.Must(json.Unmarshal(item.Data, &data))
		for _, column := range columns {
			if got, want := string(data[column.name]), column.value(i+shift).want; got != want {
				w.Errorf("%s of %s:\ngot  %.300s\nwant %.300s", column.name, item.ID, got, want)
			}
		}
	}
}
