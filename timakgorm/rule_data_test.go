package timakgorm_test

import (
	"database/sql"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Task has conditions and keys that may be NULL.
type Task struct {
	ID        uint
	OwnerID   *uint
	Draft     *bool
	Open      sql.NullBool
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=all"`
	_ timakgorm.Timeline `timak:"key=owner:{OwnerID}"`
	_ timakgorm.Timeline `timak:"key=ready; when=!Draft"`
	_ timakgorm.Timeline `timak:"key=open; when=Open"`
	_ timakgorm.Timeline `timak:"key=closed; when=!Open"`
	_ timakgorm.Timeline `timak:"key=by:owner; source=owner:{OwnerID}"`
	_ timakgorm.Timeline `timak:"key=draft:{Draft}"`
}

// NULL counts as false in a condition; in a template it means no item.
func TestRule_null(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Task{}}, Tracked: []any{&Task{}}})
		task := Task{CreatedAt: world.At(1)}
		w.Must(w.DB.Create(&task).Error)
		check := func(want map[string]bool) {
			t.Helper()
			for _, key := range []string{"all", "owner:7", "ready", "open", "closed", "by:owner", "draft:true", "draft:false"} {
				if want[key] {
					w.WantIDs(key, "tasks:1")
				} else {
					w.WantIDs(key)
				}
			}
		}
		set := func(values map[string]any) {
			t.Helper()
			w.Must(w.DB.Model(&Task{ID: 1}).Updates(values).Error)
		}
		check(map[string]bool{"all": true, "ready": true, "closed": true})
		set(map[string]any{"owner_id": 7, "draft": true, "open": true})
		check(map[string]bool{"all": true, "owner:7": true, "open": true, "by:owner": true, "draft:true": true})
		set(map[string]any{"draft": false, "open": false})
		check(map[string]bool{"all": true, "owner:7": true, "ready": true, "closed": true, "by:owner": true, "draft:false": true})
		set(map[string]any{"owner_id": nil, "draft": nil, "open": nil})
		check(map[string]bool{"all": true, "ready": true, "closed": true})
		if n := w.Dead(); n > 0 {
			t.Errorf("%d dead letters", n)
		}
	})
}

// Mail is dated by several fields, some of which may be NULL.
type Mail struct {
	ID       uint
	Score    int64
	Rank     uint32
	SentAt   *time.Time
	ReadAt   sql.NullTime `gorm:"type:timestamp"`
	DueAt    time.Time    `gorm:"type:timestamptz"`
	Sent     bool
	Read     bool `gorm:"type:boolean"`
	HasScore bool

	_ timakgorm.Timeline `timak:"key=scored; date=Score; when=HasScore"`
	_ timakgorm.Timeline `timak:"key=ranked; date=Rank"`
	_ timakgorm.Timeline `timak:"key=sent; date=SentAt; when=Sent"`
	_ timakgorm.Timeline `timak:"key=read; date=ReadAt; when=Read"`
	_ timakgorm.Timeline `timak:"key=due; date=DueAt"`
}

func TestRule_dates(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Mail{}}, Tracked: []any{&Mail{}}})
		sent := world.At(1).In(time.FixedZone("Kathmandu", 5*3600+45*60)).Add(time.Microsecond)
		w.Must(w.DB.Create(&[]Mail{
			{DueAt: world.At(3)},
			{
				Score: -5, HasScore: true, Rank: 1<<32 - 1, SentAt: &sent, Sent: true,
				ReadAt: sql.NullTime{Time: world.At(2), Valid: true}, Read: true, DueAt: world.At(2).Local(),
			},
		}).Error)
		w.WantDates("scored", "mails:2 1969-12-31T23:59:59.999995Z")
		w.WantDates("ranked", "mails:2 1970-01-01T01:11:34.967295Z", "mails:1 1970-01-01T00:00:00Z")
		w.WantDates("sent", "mails:2 2026-01-01T00:01:00.000001Z")
		w.WantDates("read", "mails:2 2026-01-01T00:02:00Z")
		w.WantDates("due", "mails:1 2026-01-01T00:03:00Z", "mails:2 2026-01-01T00:02:00Z")
		w.Must(w.DB.Model(&Mail{ID: 2}).Updates(map[string]any{"sent_at": nil, "sent": false, "read": gorm.Expr("NULL"), "score": 1 << 62}).Error)
		w.WantDates("scored", "mails:2 "+time.UnixMicro(1<<62).UTC().Format(time.RFC3339Nano))
		w.WantDates("sent")
		w.WantDates("read")
		if n := w.Dead(); n > 0 {
			t.Errorf("%d dead letters", n)
		}
		// A date that is missing while the condition holds is nobody's loss but
		// that row's.
		w.Must(w.DB.Model(&Mail{ID: 2}).Update("sent", true).Error)
		w.WantDates("sent")
		if n := w.Dead(); n != 1 {
			t.Errorf("a date that is missing: %d dead letters, want 1", n)
		}
	})
}

// Era has columns that other programs fill in forms of their own.
type Era struct {
	ID    uint
	Begun time.Time
	Known bool

	_ timakgorm.Timeline `timak:"key=eras; date=Begun; data=Begun"`
	_ timakgorm.Timeline `timak:"key=known:{Known}; date=Begun"`
	_ timakgorm.Timeline `timak:"key=known; date=Begun; when=Known"`
}

// TestRule_othersTexts: SQLite keeps dates and bools as they are written; forms
// that a driver reads make items, and are found by Verify.
func TestRule_othersTexts(t *testing.T) {
	t.Parallel()
	w := world.TriggerWorld(t, world.Setup{Dialect: "sqlite", Models: []any{&Era{}}, Tracked: []any{&Era{}}})
	_, err := w.Stranger().ExecContext(t.Context(), `INSERT INTO eras (id, begun, known) VALUES (1, '2026-01-01 00:01', 'TRUE'), (2, '2026-01-01 00:02:00Z', 't'),
		(3, '2026-01-01T00:03', 'False'), (4, '2026-01-01', 'f'), (5, '-0043-03-15 00:00:00+00:00', 1), (6, '12000-01-01 00:00:00+00:00', 0)`)
	w.Must(err)
	w.WantDates("eras", "eras:6 12000-01-01T00:00:00Z", "eras:3 2026-01-01T00:03:00Z", "eras:2 2026-01-01T00:02:00Z",
		"eras:1 2026-01-01T00:01:00Z", "eras:4 2026-01-01T00:00:00Z", "eras:5 -0043-03-15T00:00:00Z")
	for _, key := range []string{"known", "known:true"} {
		w.WantIDs(key, "eras:2", "eras:1", "eras:5")
	}
	w.WantIDs("known:false", "eras:6", "eras:3", "eras:4")
	if n := w.Dead(); n != 0 {
		t.Errorf("%d dead letters", n)
	}
	w.WantDifferences()
}

// TestRule_farDates: every date of Postgres that microseconds can tell makes an
// item; the others are dead letters that say so.
func TestRule_farDates(t *testing.T) {
	t.Parallel()
	world.ByBoth(t, func(t *testing.T, by timakgorm.Capture) {
		w := world.NewBy(t, by, world.Setup{Dialect: "postgres", Models: []any{&Era{}}, Tracked: []any{&Era{}}})
		w.Must(w.DB.Create(&[]Era{
			{ID: 1, Begun: time.Date(-43, 3, 15, 1, 2, 3, 4000, time.UTC)},
			{ID: 2, Begun: time.Date(12000, 2, 29, 0, 0, 0, 0, time.UTC)},
			{ID: 3, Begun: time.UnixMicro(1<<63 - 1)},
			{ID: 4, Begun: time.Date(-4712, 1, 1, 0, 0, 0, 0, time.UTC)},
		}).Error)
		w.WantDates("eras", "eras:3 294247-01-10T04:00:54.775807Z", "eras:2 12000-02-29T00:00:00Z",
			"eras:1 -0043-03-15T01:02:03.000004Z", "eras:4 -4712-01-01T00:00:00Z")
		w.WantDifferences()
		w.Must(w.DB.Create(&Era{ID: 5, Begun: time.Date(294276, 1, 1, 0, 0, 0, 0, time.UTC)}).Error)
		w.Drain()
		letters, err := w.Plugin.DeadLetters(t.Context(), timakgorm.DeadLetterQuery{})
		w.Must(err)
		if len(letters) != 1 || !strings.Contains(letters[0].Error, "an int64 of microseconds") {
			t.Errorf("a date too far: got %+v, want a dead letter that says so", letters)
		}
	})
}

// Stay has a type that only begins like that of a date.
type Stay struct {
	ID        uint
	Period    string `gorm:"type:daterange"`
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=stays:{Period}; data=Period"`
}

func TestRule_ranges(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres", Models: []any{&Stay{}}, Tracked: []any{&Stay{}}})
	w.Must(w.DB.Create(&Stay{ID: 1, Period: "[2026-01-01,2026-02-01)", CreatedAt: world.At(1)}).Error)
	w.WantData(timakgorm.Key("stays:{}", "[2026-01-01,2026-02-01)"), `{"period":"[2026-01-01,2026-02-01)"}`)
	w.WantDifferences()
}

// Everything has a column of every type.
type Everything struct {
	ID        uint
	Small     int8
	Big       int64
	Unsigned  uint32
	Float     float64
	Single    float32
	Text      string
	Truth     bool
	Stated    bool      `gorm:"type:boolean"`
	Time      time.Time `gorm:"precision:6"`
	Zoneless  time.Time `gorm:"type:timestamp"`
	Bytes     []byte
	Blob      []byte   `gorm:"type:bytea"`
	List      []string `gorm:"serializer:json"`
	UUID      uuid.UUID
	Bare      *string
	NoTime    sql.NullTime
	NoNumber  *int
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=everything; data=ID,Small,Big,Unsigned,Float,Single,Text,Truth,Stated,Time,Zoneless,Bytes,Blob,List,UUID,Bare,NoTime,NoNumber"`
}

// textsInJSON are texts, and how every database writes them in JSON.
var textsInJSON = [][2]string{
	{"", `""`},
	{"plain", `"plain"`},
	{`"quoted" 'twice' \back`, `"\"quoted\" 'twice' \\back"`},
	{"<b>&amp;</b>\u2028", "\"<b>&amp;</b>\u2028\""},
	{"Žofie 🙂", `"Žofie 🙂"`},
	{"tab\t line\n bell\x07 del\x7f", `"tab\t line\n bell\u0007 del` + "\x7f\""},
	{"%s ? $1 {}", `"%s ? $1 {}"`},
}

// Data is the same text on every database.
func TestRule_data(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Everything{}}, Tracked: []any{&Everything{}}})
		var want []string
		for i, text := range textsInJSON {
			w.Must(w.DB.Create(&Everything{
				Small: -8, Big: -1 << 63, Unsigned: 1<<32 - 1, Float: 1234567.125, Single: 0.1, Text: text[0], Truth: true,
				Time: world.At(1).Add(1500 * time.Microsecond).Local(), Zoneless: world.At(2), Bytes: []byte("\x00\xff"), Blob: []byte("'"), List: []string{"a"},
				UUID: uuid.MustParse("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"), CreatedAt: world.At(-i),
			}).Error)
			want = append(want, fmt.Sprintf(`{"id":%d,"small":-8,"big":-9223372036854775808,"unsigned":4294967295,"float":1234567.125,"single":0.1,`+
				`"text":%s,"truth":true,"stated":false,"time":"2026-01-01T00:01:00.0015Z","zoneless":"2026-01-01T00:02:00Z","bytes":"00ff","blob":"27","list":"[\"a\"]",`+
				`"uuid":"f81d4fae-7dec-11d0-a765-00a0c91e6bf6","bare":null,"no_time":null,"no_number":null}`, i+1, text[1]))
		}
		w.WantData("everything", want...)
	})
}

// A float is the number that the Go field holds, and a text where JSON has no
// such number.
func TestRule_floats(t *testing.T) {
	t.Parallel()
	type Measure struct {
		ID        uint
		Double    float64
		Single    float32
		Exact     float64 `gorm:"type:numeric(12,3)"`
		CreatedAt time.Time
	}
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{
			Dialect: dialect, Models: []any{&Measure{}},
			Tracked: []any{timakgorm.Track[Measure](timakgorm.Rule{Key: "measures", Data: []string{"Double", "Single", "Exact"}})},
		})
		w.Must(w.DB.Create(&[]Measure{
			{Double: 0, CreatedAt: world.At(4)},
			{Double: 1, Single: -1, Exact: 1, CreatedAt: world.At(3)},
			{Double: 1e21, Single: 1e-7, Exact: 0.5, CreatedAt: world.At(2)},
			{Double: math.Pi, Single: 16777216, Exact: 123456789.125, CreatedAt: world.At(1)},
			{Double: math.Inf(-1), Single: float32(math.Inf(1)), CreatedAt: world.At(0)},
		}).Error)
		w.WantData("measures",
			`{"double":0,"single":0,"exact":0}`,
			`{"double":1,"single":-1,"exact":1}`,
			`{"double":1e+21,"single":1e-7,"exact":0.5}`,
			`{"double":3.141592653589793,"single":16777216,"exact":123456789.125}`,
			`{"double":"-Infinity","single":"Infinity","exact":0}`)
	})
}
