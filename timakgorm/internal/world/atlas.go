package world

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/timak-go/timak/timakgorm"
)

// The models of a cascade: a spot is three foreign keys away from an empire. Only spots
// and their pins are tracked.

// Empire is at the top.
type Empire struct {
	ID   uint
	Name string
}

// Realm belongs to an empire, and goes with it.
type Realm struct {
	ID       uint
	EmpireID *uint
	Code     string
	Name     string
}

// Zone belongs to a realm, and goes with it.
type Zone struct {
	ID      uint
	RealmID *uint
	Name    string
}

// Spot belongs to a zone and a realm, and lies under another spot.
type Spot struct {
	ID        uint
	ZoneID    *uint
	RealmCode *string
	UnderID   *uint
	Name      string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=zone:{ZoneID}:spots; data=UnderID"`
	_ timakgorm.Timeline `timak:"key=realm:{RealmCode}:spots"`
	_ timakgorm.Timeline `timak:"key=spots; data=ZoneID,RealmCode"`
}

// Pin is stuck in a spot.
type Pin struct {
	ID        uint
	SpotID    *uint
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=spot:{SpotID}:pins"`
	_ timakgorm.Timeline `timak:"key=pins; data=SpotID"`
}

// Shown implements Shower.
func (s Spot) Shown() []Shown {
	id, data := fmt.Sprint("spots:", s.ID), func(v any) string {
		text, _ := json.Marshal(v) //nolint:errchkjson // it is for a comparison
		return string(text)
	}
	out := []Shown{{"spots", id, s.CreatedAt, fmt.Sprintf(`{"zone_id":%s,"realm_code":%s}`, data(s.ZoneID), data(s.RealmCode))}}
	if s.ZoneID != nil {
		out = append(out, Shown{fmt.Sprintf("zone:%d:spots", *s.ZoneID), id, s.CreatedAt, fmt.Sprintf(`{"under_id":%s}`, data(s.UnderID))})
	}
	if s.RealmCode != nil {
		out = append(out, Shown{"realm:" + *s.RealmCode + ":spots", id, s.CreatedAt, ""})
	}
	return out
}

// Shown implements Shower.
func (p Pin) Shown() []Shown {
	id, spot := fmt.Sprint("pins:", p.ID), "null"
	var out []Shown
	if p.SpotID != nil {
		spot = fmt.Sprint(*p.SpotID)
		out = append(out, Shown{"spot:" + spot + ":pins", id, p.CreatedAt, ""})
	}
	return append(out, Shown{"pins", id, p.CreatedAt, fmt.Sprintf(`{"spot_id":%s}`, spot)})
}

// Atlas is the tables of spots. The foreign keys that Pins and Spots lack are those
// of each test.
const Atlas = `CREATE TABLE empires (id bigint PRIMARY KEY, name text);
	CREATE TABLE realms (id bigint PRIMARY KEY, empire_id bigint REFERENCES empires ON DELETE CASCADE, code text UNIQUE, name text);
	CREATE TABLE zones (id bigint PRIMARY KEY, realm_id bigint REFERENCES realms ON DELETE CASCADE ON UPDATE CASCADE, name text);
	CREATE TABLE spots (id bigint PRIMARY KEY, zone_id bigint REFERENCES zones ON DELETE CASCADE ON UPDATE SET NULL,
		realm_code text DEFAULT 'none' REFERENCES realms (code) ON DELETE SET DEFAULT ON UPDATE CASCADE,
		under_id bigint REFERENCES spots ON DELETE CASCADE, name text, created_at timestamp);
	CREATE TABLE pins (id bigint PRIMARY KEY, spot_id bigint REFERENCES spots ON DELETE SET NULL ON UPDATE CASCADE, created_at timestamp)`

const atlasRows = `
	INSERT INTO empires VALUES (1, 'one');
	INSERT INTO realms VALUES (1, 1, 'a', 'one'), (2, NULL, 'b', 'two'), (3, NULL, 'none', 'none');
	INSERT INTO zones VALUES (1, 1, 'one'), (2, 1, 'two'), (3, 2, 'three');
	INSERT INTO spots VALUES (10, 1, 'a', NULL, 'ten', '2026-01-01 00:00:10'), (11, 2, 'b', 10, 'eleven', '2026-01-01 00:00:11'),
		(12, 3, 'a', 11, 'twelve', '2026-01-01 00:00:12'), (13, 3, 'b', NULL, 'thirteen', '2026-01-01 00:00:13');
	INSERT INTO pins VALUES (20, 10, '2026-01-01 00:00:20'), (21, 13, '2026-01-01 00:00:21')`

// AtlasWorld is a database with spots on their timelines, and its log.
func AtlasWorld(t *testing.T, dialect, pragmas string, more ...string) (*World, *bytes.Buffer) {
	t.Helper()
	return CascadeWorld(t, dialect, pragmas, append([]string{Atlas, atlasRows}, more...), &Spot{}, &Pin{})
}

// CascadeWorld is a database with tables of SQL, of which models are tracked, and the
// log of its plugin.
func CascadeWorld(t *testing.T, dialect, pragmas string, tables []string, tracked ...any) (*World, *bytes.Buffer) {
	t.Helper()
	dsn := NewDSN(t, dialect)
	if dialect == "sqlite" {
		dsn += pragmas
	}
	plain, err := OpenDSN(t, dialect, dsn, nil).DB()
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if _, err := plain.ExecContext(t.Context(), table); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	options := &timakgorm.Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	w := New(t, Setup{Dialect: dialect, DSN: dsn, Options: options, Models: []any{}, Tracked: tracked})
	_, err = w.Plugin.Rebuild(t.Context(), timakgorm.RebuildOptions{})
	w.Must(err)
	w.Drain()
	log.Reset()
	return w, &log
}

// Enforced has SQLite enforce foreign keys, at the end of a DSN.
const Enforced = "&_pragma=foreign_keys(1)"

// EnforcedOn returns Enforced for SQLite; Postgres needs nothing.
func EnforcedOn(dialect string) string {
	if dialect == "sqlite" {
		return Enforced
	}
	return ""
}
