package model

import (
	"database/sql"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/schema"
)

// The kind of a column is what the Go field holds, unless the model states
// another type for it.
func TestKindOf(t *testing.T) {
	t.Parallel()
	type Model struct {
		Bool       bool         `want:"bool"`
		BoolStated bool         `want:"bool" gorm:"type:boolean"`
		BoolNumber *bool        `want:"bool" gorm:"type:numeric(1)"`
		BoolNull   sql.NullBool `want:"bool"`
		Int        int8         `want:"int"`
		Uint       *uint64      `want:"uint" gorm:"type:bigint"`
		IntTime    int64        `want:"time" gorm:"serializer:unixtime;type:time"`
		Float      float32      `want:"float" gorm:"type:numeric(5,2)"`
		Time       time.Time    `want:"time"`
		TimeStated *time.Time   `want:"time" gorm:"type:TIMESTAMP WITH TIME ZONE"`
		TimeText   time.Time    `want:"time" gorm:"type:text"`
		TimeNull   sql.NullTime `want:"time" gorm:"type:date"`
		Text       string       `want:"string"`
		TextStated string       `want:"string" gorm:"type:VARCHAR(20)"`
		TextEnum   string       `want:"string" gorm:"type:mood"`
		TextTime   string       `want:"time" gorm:"type:timestamptz"`
		TextRange  string       `want:"string" gorm:"type:daterange"`
		TextRanges string       `want:"string" gorm:"type:datemultirange"`
		TextDomain string       `want:"string" gorm:"type:realm"`
		TextZone   string       `want:"time" gorm:"type:timestamp(3) with time zone"`
		TextZones  []byte       `want:"time" gorm:"type:timestamptz(3)"`
		BytesLong  []byte       `want:"string" gorm:"type:character varying(20)"`
		Precise    string       `want:"float" gorm:"type:double precision"`
		Decimal    string       `want:"float" gorm:"type:decimal(10,2)"`
		JSON       string       `want:"json" gorm:"type:jsonb"`
		Bytea      string       `want:"bytes" gorm:"type:bytea"`
		UUID       uuid.UUID    `want:"string"`
		UUIDStated uuid.UUID    `want:"string" gorm:"type:uuid"`
		UUIDBytes  [16]byte     `want:"string" gorm:"type:uuid"`
		Bytes      []byte       `want:"bytes"`
		Blob       []byte       `want:"bytes" gorm:"type:blob"`
		BytesText  []byte       `want:"string" gorm:"type:text"`

		Dates      string    `want:"array" gorm:"type:date[]"`
		DatesOld   string    `want:"array" gorm:"type:date ARRAY[4]"`
		Stamps     string    `want:"array" gorm:"type:timestamp(3) [] NOT NULL"`
		StampsZone string    `want:"array" gorm:"type:TIMESTAMP (3) WITH TIME ZONE[][]"`
		Byteas     [][]byte  `want:"array" gorm:"type:bytea[]"`
		Varchars   string    `want:"array" gorm:"type:character varying(5)[]"`
		Bools      []bool    `want:"array" gorm:"type:boolean[]"`
		Moods      string    `want:"array" gorm:"type:public.\"my mood\"[]"`
		Intervals  string    `want:"array" gorm:"type:interval day to second[]"`
		NoArray    string    `want:"string" gorm:"type:text DEFAULT '[]'"`
		NorThis    string    `want:"string" gorm:"type:varchar(9) CHECK (x <> 'array')"`
		Catalog    string    `want:"time" gorm:"type:pg_catalog.timestamptz"`
		Quoted     string    `want:"bytes" gorm:"type:\"bytea\""`
		OwnBytes   string    `want:"bytes" gorm:"type:bytes"`
		OwnFloat   string    `want:"float" gorm:"type:float"`
		Float8     string    `want:"float" gorm:"type:float8"`
		XML        string    `want:"other" gorm:"type:xml"`
		JSONPath   string    `want:"other" gorm:"type:jsonpath"`
		Interval   string    `want:"other" gorm:"type:interval hour to minute"`
		Money      string    `want:"other" gorm:"type:money"`
		TimeOfDay  time.Time `want:"time" gorm:"type:time(6)"`
		BytesOther []byte    `want:"bytes" gorm:"type:inet"`
	}
	s, err := schema.Parse(&Model{}, &sync.Map{}, schema.NamingStrategy{})
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range s.Fields {
		if got, want := string(KindOf(field)), field.Tag.Get("want"); got != want {
			t.Errorf("%s, a %s: got %s, want %s", field.Name, describe(field), got, want)
		}
	}
}
