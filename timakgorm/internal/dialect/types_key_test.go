package dialect_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// typedField returns the field of Typed whose column has a type.
func typedField(column string) string {
	for _, name := range fieldsOf[Typed]() {
		field, _ := typedType.FieldByName(name)
		if strings.HasPrefix(field.Tag.Get("gorm"), "column:"+column+";") {
			return name
		}
	}
	panic(column)
}

func templateRule(column string) timakgorm.Rule {
	field := "{" + typedField(column) + "}"
	return timakgorm.Rule{Key: column + ":" + field, ID: "{ID}/" + field, Source: field, Date: "Made"}
}

// textOf is a text as it stands in a key, of what data shows.
func textOf(shown string) string {
	var text string
	if json.Unmarshal([]byte(shown), &text) == nil {
		return text
	}
	return shown
}

// TestTypes_templates: every value of the types that may stand in a template makes
// one key, id and source, whoever wrote it.
func TestTypes_templates(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		var rules []timakgorm.Rule
		var columns []typedColumn
		for _, column := range allTypedColumns() {
			if name, single := strings.CutPrefix(column.name, "v_"); single && slices.Contains(pgKeys, name) {
				columns = append(columns, column)
				rules = append(rules, templateRule(column.name))
			}
		}
		w := world.NewBy(t, by, world.Setup{Dialect: "postgres", DSN: withPgTypes(t), Models: []any{&Typed{}}, Tracked: []any{timakgorm.Track[Typed](rules...)}})
		const rows = 11
		for shift, session := range []func(func(tx *gorm.DB) error){func(run func(tx *gorm.DB) error) { inOddSession(w, run) }, func(run func(tx *gorm.DB) error) { w.Must(run(w.DB)) }, func(run func(tx *gorm.DB) error) { inOddSession(w, run) }} {
			session(func(tx *gorm.DB) error { return writeTyped(tx, columns, rows, shift) })
			w.Drain()
			if n := w.Dead(); n > 0 {
				t.Fatalf("%d dead letters", n)
			}
			for _, column := range columns {
				want := map[string][]string{} // ids by key
				for i := range rows {
					if shown := column.value(i + shift).want; shown != "null" {
						key := timakgorm.Key(column.name+":{}", textOf(shown))
						want[key] = append(want[key], timakgorm.Key("{}/{}", i+1, textOf(shown)))
					}
				}
				for key, ids := range want {
					if got := w.IDs(key); !slices.Equal(got, ids) {
						t.Errorf("timeline %q, written time %d: got %q, want %q", key, shift+1, got, ids)
					}
				}
			}
			w.WantDifferences()
		}
		odd := oddly(w, by, timakgorm.Track[Typed](rules...))
		odd.WantDifferences()
		w.Must(odd.DB.Where("id > 0").Delete(&Typed{}).Error)
		w.Drain()
		w.WantDifferences()
	})
}

// TestTypes_refusedTemplates: what has no one text cannot stand in a template. The
// model says so of most types, the database of the rest.
func TestTypes_refusedTemplates(t *testing.T) {
	t.Parallel()
	dsn := withPgTypes(t)
	db := world.OpenDSN(t, "postgres", dsn, nil)
	if err := db.AutoMigrate(&Typed{}); err != nil {
		t.Fatal(err)
	}
	conn, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	for _, column := range allTypedColumns() {
		name, single := strings.CutPrefix(column.name, "v_")
		if single && slices.Contains(pgKeys, name) {
			continue
		}
		field := "{" + typedField(column.name) + "}"
		for option, rule := range map[string]timakgorm.Rule{
			"key":    {Key: "x:" + field},
			"id":     {Key: "x", ID: field},
			"source": {Key: "x", Source: field},
		} {
			rule.Date = "Made"
			err := refusal(t, conn, timakgorm.Track[Typed](rule))
			if err == nil || !strings.Contains(err.Error(), ": expected an integer, a text, a bool or a UUID") || !strings.Contains(err.Error(), option+": field ") {
				t.Errorf("%s with %s: got %v, want it refused", option, column.name, err)
			}
		}
	}
}

// refusal returns what Register or db.Use says of models.
func refusal(t *testing.T, conn gorm.ConnPool, models ...any) error {
	t.Helper()
	plugin := world.NewPlugin(t)
	if err := plugin.Register(models...); err != nil {
		return err
	}
	return reopened(t, conn).Use(plugin)
}

// reopened is a database of a connection that is open.
func reopened(t *testing.T, conn gorm.ConnPool) *gorm.DB {
	t.Helper()
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: conn}), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// Unstated states no type: the table may have been made by somebody else.
type Unstated struct {
	ID    uint
	Made  time.Time
	Value *string
}

// Unstated's column, as fields of other types take it.
type (
	UnstatedTime struct {
		ID    uint
		Made  time.Time
		Value time.Time
	}
	UnstatedInt struct {
		ID    uint
		Made  time.Time
		Value int64
	}
	UnstatedBool struct {
		ID    uint
		Made  time.Time
		Value bool
	}
	UnstatedBytes struct {
		ID    uint
		Made  time.Time
		Value []byte
	}
)

func (UnstatedTime) TableName() string  { return "unstateds" }
func (UnstatedInt) TableName() string   { return "unstateds" }
func (UnstatedBool) TableName() string  { return "unstateds" }
func (UnstatedBytes) TableName() string { return "unstateds" }

// wantParts tries the parts of a rule that a column's type may have, by fields of
// other types than text.
func wantParts(w *world.World, conn gorm.ConnPool, base string, array bool) {
	w.Helper()
	date := timakgorm.Rule{Key: "x", Date: "Value"}
	when := timakgorm.Rule{Key: "x", Date: "Made", When: "Value"}
	data := timakgorm.Rule{Key: "x", Date: "Made", Data: []string{"Value"}}
	for name, part := range map[string]struct {
		tracked  any
		fine     string
		expected string
	}{
		"a time as date":     {timakgorm.Track[UnstatedTime](date), "date timestamp timestamptz text varchar bpchar realm", "a timestamp, a date or a whole number"},
		"an int as date":     {timakgorm.Track[UnstatedInt](date), "int2 int4 int8 oid", "a timestamp, a date or a whole number"},
		"a bool as when":     {timakgorm.Track[UnstatedBool](when), "bool int2 int4 int8 numeric text varchar bpchar realm", "a boolean"},
		"some bytes as data": {timakgorm.Track[UnstatedBytes](data), "bytea", "the field to state that type"},
	} {
		fine := !array && slices.Contains(strings.Fields(part.fine), base)
		err := refusal(w.TB.(*testing.T), conn, part.tracked)
		if fine && err != nil || !fine && (err == nil || !strings.Contains(err.Error(), "expected ")) {
			w.Errorf("%s, array %t, %s: got %v, want it refused: %t", base, array, name, err, !fine)
		}
		otherwise := base == "money" || slices.Contains(pgSession, base) || slices.Contains(pgNames, base) // refused for what it is
		if !fine && !otherwise && err != nil && !strings.Contains(err.Error(), part.expected) {
			w.Errorf("%s, array %t, %s: got %v, want %q in it", base, array, name, err, part.expected)
		}
	}
}

// TestTypes_unstated: columns of any type that the field does not state are right
// or refused. It goes through all types that the database has.
func TestTypes_unstated(t *testing.T) {
	t.Parallel()
	w := &world.World{TB: t, Dialect: "postgres", DSN: withPgTypes(t)}
	w.DB = world.OpenDSN(t, "postgres", w.DSN, nil)
	w.Must(timakgorm.Migrate(t.Context(), w.DB))
	edges := map[string][]pgEdge{}
	for _, known := range pgTypes {
		edges[known.name] = known.edges
	}
	names := baseTypes(w)
	for _, user := range pgUserTypes {
		edges[user.name] = user.edges
		names = append(names, user.name)
	}
	for _, name := range names {
		if edges[name] == nil && name != "money" && !slices.Contains(pgNames, name) && name != "gtsvector" {
			t.Errorf("type %s: the table has no values of it", name)
			continue
		}
		columns := pgType{name, edges[name]}.typedColumns
		if edges[name] == nil {
			unstated(w, name, name, nil)
			unstated(w, name, name+"[]", nil)
			continue
		}
		of := columns(sqlType(name))
		unstated(w, name, sqlType(name), of[0].values)
		unstated(w, name, sqlType(name)+"[]", of[1].values)
	}
}

// baseTypes are those of Postgres' own but for pseudo types, arrays and those
// that no table may have.
func baseTypes(w *world.World) (names []string) {
	w.Helper()
	w.Must(w.DB.Raw(`SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm', 'e', 'd')
		AND typcategory <> 'A' AND (typcategory <> 'Z' OR typname = 'char') ORDER BY typname`).Scan(&names).Error)
	if len(names) < 60 {
		w.Fatalf("got %d types", len(names))
	}
	return names
}

// unstated tries a table with a column of a type, one that is made of a base type.
func unstated(w *world.World, base, column string, values []typedValue) {
	w.Helper()
	w.DB = world.OpenDSN(w.TB, "postgres", w.DSN, nil) // which remembers no statement about another column
	w.Must(w.DB.Exec("DROP TABLE IF EXISTS unstateds").Error)
	w.Must(w.DB.Exec("CREATE TABLE unstateds (id bigint PRIMARY KEY, made timestamptz, value " + column + ")").Error)
	conn, err := w.DB.DB()
	w.Must(err)
	defer func() { w.Must(conn.Close()) }()
	t := w.TB.(*testing.T)
	array := strings.HasSuffix(column, "[]")
	data := timakgorm.Rule{Key: "unstateds", Date: "Made", Data: []string{"Value"}}
	key := timakgorm.Rule{Key: "bare:{Value}", Date: "Made"}
	refusals := map[string]string{}
	for option, rule := range map[string]timakgorm.Rule{"data": data, "key": key} {
		if err := refusal(t, conn, timakgorm.Track[Unstated](rule)); err != nil {
			refusals[option] = err.Error()
		}
	}
	session := slices.Contains(pgSession, base) || array && base == "timestamptz"
	want := map[string]string{}
	if session {
		want["data"] = "expected the field to state that type"
		want["key"] = want["data"]
	} else if array || !slices.Contains(pgKeys, base) {
		want["key"] = "expected an integer, a text, a bool or a UUID"
	}
	if base == "money" {
		want = map[string]string{"data": "expected a numeric", "key": "expected a numeric"}
	}
	if slices.Contains(pgNames, base) {
		want = map[string]string{"data": "expected an oid or a text", "key": "expected an oid or a text"}
	}
	for option := range map[string]bool{"data": true, "key": true} {
		if got := refusals[option]; (got == "") != (want[option] == "") || !strings.Contains(got, want[option]) {
			w.Errorf("%s of %s: got %q, want %q", option, column, got, want[option])
		}
	}
	if !array || base == "text" || base == "date" { // of arrays some are as good as all
		wantParts(w, conn, base, array)
	}
	if want["data"] != "" || values == nil {
		return
	}
	rules := []timakgorm.Rule{data}
	if want["key"] == "" {
		rules = append(rules, key)
	}
	writeUnstated(w, column, values, timakgorm.Track[Unstated](rules...))
}

// writeUnstated writes values by sessions of all settings, which are to show the
// same.
func writeUnstated(w *world.World, column string, values []typedValue, tracked any) {
	w.Helper()
	for _, capture := range world.Captures {
		if strings.HasSuffix(column, "[]") && capture.Capture == timakgorm.Triggers { // as single values are
			continue
		}
		conn, err := w.DB.DB()
		w.Must(err)
		used := onto(w, reopened(w.TB.(*testing.T), conn), capture.Capture, tracked)
		write := func(first int) func(tx *gorm.DB) error {
			return func(tx *gorm.DB) error {
				for i, value := range values {
					row := map[string]any{"id": first + i, "made": world.At(-i), "value": value.expr()}
					if err := tx.Model(&Unstated{}).Create(row).Error; err != nil {
						return fmt.Errorf("%s: %w", column, err)
					}
				}
				return nil
			}
		}
		w.Must(write(1)(used.DB))
		inOddSession(used, write(101))
		used.Drain()
		if n := used.Dead(); n > 0 {
			w.Errorf("%s: %d dead letters", column, n)
		}
		timeline, err := used.Timelines.Get(w.Context(), "unstateds")
		w.Must(err)
		data := map[string]string{}
		for _, item := range timeline.Items() {
			data[item.ID] = string(item.Data)
		}
		for i := range values {
			plain, odd := data[fmt.Sprintf("unstateds:%d", 1+i)], data[fmt.Sprintf("unstateds:%d", 101+i)]
			if plain != odd || plain == "" {
				w.Errorf("%s %v, %s: got %.200s by a plain session, %.200s by an odd one", column, values[i].args, capture.Name, plain, odd)
			}
		}
		used.WantDifferences()
		w.Must(used.Plugin.DropTriggers(w.Context(), used.DB))
		w.Must(w.DB.Exec("TRUNCATE unstateds; TRUNCATE timak_dead; TRUNCATE timak_outbox").Error)
	}
}
